-- Puts a pending job before all others, or gives it another priority.
--
-- ARGV  1 id  2 "front" or a priority
-- Returns the job (JSON). Refuses with NOT_FOUND, WRONG_STATE <state>, WRONG_POLICY <policy>
local job = read_job(ARGV[1])
if not job then return refuse("NOT_FOUND", "there is no such job") end
if job.state ~= "pending" then return refuse("WRONG_STATE", job.state) end
if ARGV[2] == "front" then
  local first = redis.call("ZRANGE", key("pending"), 0, 0, "WITHSCORES")
  if first[1] ~= member(job) then set_score(job, tonumber(first[2]) - 1) end
else
  local policy = policy_in_force()
  if policy ~= "priority" then return refuse("WRONG_POLICY", policy) end
  set(job, "priority", ARGV[2])
  set_score(job, joining_score(job, policy, tonumber(job.sequence)))
end
return to_answer(job)
