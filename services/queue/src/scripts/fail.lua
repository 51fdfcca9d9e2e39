-- Ends a running job with a failure. One that is the worker's, not the graph's, uses up an attempt:
-- while there are attempts left the job is queued again.
--
-- ARGV  1 id  2 worker  3 attempt  4 failure (JSON)  5 compressed result ("" for none)
--       6 whether it is tried again ("1")
-- Returns the job's fields. Refuses with LEASE_LOST. Said twice by the same
-- holder (its first answer was lost on the way), it changes nothing and answers the same.
if already_ended("failed", ARGV[1], ARGV[2], ARGV[3]) then
  return redis.call("HGETALL", key("job", ARGV[1]))
end
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
local faults = redis.call("HINCRBY", key("job", job.id), "faults", 1)
if ARGV[6] == "1" and faults < setting("maxAttempts") then
  requeue(job)
else
  redis.call("HSET", key("job", job.id), "failure", ARGV[4])
  if ARGV[5] ~= "" then store_result(job, ARGV[5]) end
  finish(job, "failed")
end
return redis.call("HGETALL", key("job", job.id))
