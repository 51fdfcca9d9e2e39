-- How many jobs will be claimed before this one. O(log n).
--
-- ARGV  1 id
-- Returns the rank, or nothing when the job is not pending
local fields = redis.call("HMGET", key("job", ARGV[1]), "state", "sequence")
if fields[1] ~= "pending" then return false end
return redis.call("ZRANK", key("pending"), member({ id = ARGV[1], sequence = fields[2] }))
