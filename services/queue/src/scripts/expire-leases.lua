-- Takes jobs from workers that fell silent: back to the front of their user, or, once too many
-- workers were lost over one job, failed with that reason. Any replica may run it at any time.
--
-- ARGV  1 failure of a job that lost too many (JSON)  2 most jobs of one run
-- Returns a list of the jobs (JSON)
local changed = {}
for _, id in ipairs(redis.call("ZRANGE", key("leases"), "-inf", now(), "BYSCORE", "LIMIT", 0, ARGV[2])) do
  local job = read_job(id)
  set(job, "losses", tonumber(job.losses or 0) + 1)
  if job.losses > setting("maxLosses") then
    set(job, "failure", ARGV[1])
    finish(job, "failed")
  else
    requeue(job)
  end
  table.insert(changed, to_answer(job))
end
return changed
