-- Takes jobs from workers that fell silent: back to the front of their user, or, once too many
-- workers were lost over one job, failed with that reason. Any replica may run it at any time.
--
-- ARGV  1 failure of a job that lost too many (JSON)  2 most jobs of one run
-- Returns a list of the jobs' fields
local changed = {}
for _, id in ipairs(redis.call("ZRANGE", key("leases"), "-inf", now(), "BYSCORE", "LIMIT", 0, ARGV[2])) do
  local job = read_job(id)
  local losses = redis.call("HINCRBY", key("job", id), "losses", 1)
  if losses > setting("maxLosses") then
    redis.call("HSET", key("job", id), "failure", ARGV[1])
    finish(job, "failed")
  else
    requeue(job)
  end
  table.insert(changed, redis.call("HGETALL", key("job", id)))
end
return changed
