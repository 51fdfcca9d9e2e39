-- Ends a running job well.
--
-- ARGV  1 id  2 worker  3 attempt  4 number of outputs  5 compressed result
-- Returns the job's fields. Refuses with LEASE_LOST. Said twice by the same
-- holder (its first answer was lost on the way), it changes nothing and answers the same.
if already_ended("completed", ARGV[1], ARGV[2], ARGV[3]) then
  return redis.call("HGETALL", key("job", ARGV[1]))
end
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
redis.call("HSET", key("job", job.id), "outputsCount", ARGV[4])
store_result(job, ARGV[5])
finish(job, "completed")
return redis.call("HGETALL", key("job", job.id))
