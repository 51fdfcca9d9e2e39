-- Puts the settings in force that all share. When another policy was, the waiting jobs are ordered
-- anew, as if they had come one after another under this one.
--
-- ARGV  name, value, name, value …; `policy` among them
-- Returns 1 when another policy was in force, else 0
local before = policy_in_force()
redis.call("HSET", key("settings"), unpack(ARGV))
local policy = policy_in_force()
if before == policy then return 0 end
redis.call("DEL", key("virtualTime"), key("finishTags"))
for _, id in ipairs(redis.call("ZRANGE", key("state", "pending"), 0, -1)) do
  local job = read_job(id)
  set_score(job, joining_score(job, policy, tonumber(job.sequence)))
end
return 1
