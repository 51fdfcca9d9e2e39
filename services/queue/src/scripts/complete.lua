-- Ends a running job well.
--
-- ARGV  1 id  2 worker  3 attempt  4 number of outputs  5 compressed result
-- Returns the job (JSON). Refuses with LEASE_LOST. Said twice by the same
-- holder (its first answer was lost on the way), it changes nothing and answers the same.
local job = read_job(ARGV[1])
if already_ended(job, "completed", ARGV[2], ARGV[3]) then return to_answer(job) end
local refusal = refuse_unless_held(job, ARGV[2], ARGV[3])
if refusal then return refusal end
set(job, "outputsCount", ARGV[4])
store_result(job, ARGV[5])
finish(job, "completed")
return to_answer(job)
