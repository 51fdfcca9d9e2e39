-- Takes jobs from workers that fell silent: back to the front of their user, or, once too many
-- workers were lost over one job, failed with that reason. Any replica may run it at any time.
--
-- ARGV  1 most losses of one job  2 failure when there were more (JSON)  3 most jobs of one run
--       4, 5 history to keep (jobs, bytes)
-- Returns a list of the jobs' fields
local changed = {}
for _, id in ipairs(redis.call("ZRANGE", key("leases"), "-inf", now(), "BYSCORE", "LIMIT", 0, ARGV[3])) do
  local job = read_job(id)
  local losses = redis.call("HINCRBY", key("job", id), "losses", 1)
  if losses > tonumber(ARGV[1]) then
    redis.call("HSET", key("job", id), "failure", ARGV[2])
    finish(job, "failed", tonumber(ARGV[4]), tonumber(ARGV[5]))
  else
    requeue(job)
  end
  table.insert(changed, redis.call("HGETALL", key("job", id)))
end
return changed
