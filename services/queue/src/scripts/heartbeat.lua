-- Extends a lease.
--
-- ARGV  1 id  2 worker  3 attempt  4 lease (ms)
-- Refuses with LEASE_LOST
local job = read_job(ARGV[1])
local refusal = refuse_unless_held(job, ARGV[2], ARGV[3])
if refusal then return refusal end
redis.call("ZADD", key("leases"), now() + tonumber(ARGV[4]), job.id)
return 1
