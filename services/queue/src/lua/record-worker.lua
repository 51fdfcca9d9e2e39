-- Lists a worker, or keeps it listed, as seen now.
-- ARGV[2] name  [3] info, JSON  [4] status  [5] fingerprint of its object_info
-- ARGV[6] object_info, compressed, when the worker registers; absent in a heartbeat
-- Returns {'OK'}
local name, fingerprint = ARGV[2], ARGV[5]
redis.call('ZADD', key('workers'), now(), name)
redis.call('HSET', key('worker', name), 'info', ARGV[3], 'status', ARGV[4], 'objectInfo', fingerprint)
if not ARGV[6] then return { 'OK' } end

if redis.call('EXISTS', key('objectInfo', fingerprint)) == 0 then
  redis.call('SET', key('objectInfo', fingerprint), ARGV[6])
end
redis.call('SADD', key('objectInfos'), fingerprint)
redis.call('HSET', key('meta'), 'newestObjectInfo', fingerprint)

-- Keep what a listed worker uses, and the newest; the others go.
local used = { [fingerprint] = true }
for _, other in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  local theirs = redis.call('HGET', key('worker', other), 'objectInfo')
  if theirs then used[theirs] = true end
end
for _, stored in ipairs(redis.call('SMEMBERS', key('objectInfos'))) do
  if not used[stored] then
    redis.call('SREM', key('objectInfos'), stored)
    redis.call('DEL', key('objectInfo', stored))
  end
end
return { 'OK' }
