-- Puts a policy in force. When another one was, the waiting jobs are ordered anew, as if they had
-- come one after another under this one.
--
-- ARGV  1 policy  2 affinity window (GPU seconds)  3 affinity passes
-- Returns 1 when another policy was in force, else 0
local policy = ARGV[1]
local before = policy_in_force()
redis.call("HSET", key("settings"), "policy", policy, "affinityWindow", ARGV[2], "affinityPasses", ARGV[3])
if before == policy then return 0 end
redis.call("DEL", key("virtualTime"), key("finishTags"))
for _, id in ipairs(redis.call("ZRANGE", key("state", "pending"), 0, -1)) do
  local job = read_job(id)
  set_score(job, joining_score(job, policy, tonumber(job.sequence)))
end
return 1
