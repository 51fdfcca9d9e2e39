-- Extends a lease.
--
-- ARGV  1 id  2 worker  3 attempt  4 lease (ms)
-- Refuses with LEASE_LOST
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
redis.call("ZADD", key("leases"), now() + tonumber(ARGV[4]), job.id)
return 1
