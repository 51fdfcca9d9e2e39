-- Takes a worker off the list. A job that it still holds stays leased until the lease runs out.
-- ARGV[2] name
-- Returns {'OK'}
redis.call('ZREM', key('workers'), ARGV[2])
redis.call('HDEL', key('worker', ARGV[2]), 'info', 'status', 'objectInfo')
return { 'OK' }
