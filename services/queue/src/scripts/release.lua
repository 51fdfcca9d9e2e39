-- A worker gives its job back. That is no fault of the job and uses up nothing.
--
-- ARGV  1 id  2 worker  3 attempt
-- Returns the job (JSON). Refuses with LEASE_LOST
local job = read_job(ARGV[1])
local refusal = refuse_unless_held(job, ARGV[2], ARGV[3])
if refusal then return refusal end
requeue(job)
return to_answer(job)
