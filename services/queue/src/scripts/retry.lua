-- Puts a failed or cancelled job back, as if it came now; what earlier attempts used up is forgotten.
--
-- ARGV  1 id
-- Returns the job (JSON). Refuses with NOT_FOUND, WRONG_STATE <state>
local job = read_job(ARGV[1])
if not job then return refuse("NOT_FOUND", "there is no such job") end
if job.state ~= "failed" and job.state ~= "cancelled" then return refuse("WRONG_STATE", job.state) end
take_from_history(job)
redis.call("INCRBY", key("waitingBytes"), waiting_bytes(job))
redis.call("DEL", key("result", job.id))
unset(job, "worker", "startedAt", "endedAt", "failure", "resultBytes", "passes", "claimId")
for _, name in ipairs({ "losses", "faults", "outputsCount" }) do set(job, name, 0) end
set_state(job, "pending")
set_score(job, joining_score(job, policy_in_force(), redis.call("INCR", key("sequence"))))
emit_state(job, "retried")
wake()
return to_answer(job)
