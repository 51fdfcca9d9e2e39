-- Ends a running job with a failure of its own.
--
-- ARGV  1 id  2 worker  3 attempt  4 failure (JSON)  5 compressed result ("" for none)
--       6 history to keep
-- Returns the job's fields. Refuses with LEASE_LOST. Said twice by the same
-- holder (its first answer was lost on the way), it changes nothing and answers the same.
if already_ended("failed", ARGV[1], ARGV[2], ARGV[3]) then
  return redis.call("HGETALL", key("job", ARGV[1]))
end
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
redis.call("HSET", key("job", job.id), "failure", ARGV[4])
if ARGV[5] ~= "" then redis.call("SET", key("result", job.id), ARGV[5]) end
finish(job, "failed", tonumber(ARGV[6]))
return redis.call("HGETALL", key("job", job.id))
