-- A worker gives its job back. That is no fault of the job and uses up nothing.
--
-- ARGV  1 id  2 worker  3 attempt
-- Returns the job's fields. Refuses with LEASE_LOST
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
requeue(job)
return redis.call("HGETALL", key("job", job.id))
