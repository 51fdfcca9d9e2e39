-- How many pending jobs have a lower tag than this one. Reads only, O(log n).
-- ARGV[2] job
-- Returns {'OK', position, or -1 when it is not pending}
local job = load(ARGV[2])
if not job then return { 'OK', -1 } end
return { 'OK', redis.call('ZRANK', key('pending'), member(job)) or -1 }
