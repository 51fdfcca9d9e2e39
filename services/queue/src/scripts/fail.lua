-- Ends a running job with a failure. One that is the worker's, not the graph's, uses up an attempt:
-- while there are attempts left the job is queued again.
--
-- ARGV  1 id  2 worker  3 attempt  4 failure (JSON)  5 compressed result ("" for none)
--       6 whether it is tried again ("1")
-- Returns the job (JSON). Refuses with LEASE_LOST. Said twice by the same
-- holder (its first answer was lost on the way), it changes nothing and answers the same.
local job = read_job(ARGV[1])
if already_ended(job, "failed", ARGV[2], ARGV[3]) then return to_answer(job) end
local refusal = refuse_unless_held(job, ARGV[2], ARGV[3])
if refusal then return refusal end
set(job, "faults", tonumber(job.faults or 0) + 1)
if ARGV[6] == "1" and job.faults < setting("maxAttempts") then
  requeue(job)
else
  set(job, "failure", ARGV[4])
  if ARGV[5] ~= "" then store_result(job, ARGV[5]) end
  finish(job, "failed")
end
return to_answer(job)
