-- Drops what is kept no longer: ended jobs by age, and workers that have been silent for long.
--
-- ARGV  1 silence of a worker (ms)  2 most jobs of one run
-- Returns how many jobs were dropped
local ids = redis.call("ZRANGE", key("ended"), "-inf", now() - setting("historyMaxAgeMs"), "BYSCORE", "LIMIT", 0, ARGV[2])
for _, id in ipairs(ids) do
  local job = read_job(id)
  if job then
    delete_job(job)
    emit_state(job, "deleted")
  else
    redis.call("ZREM", key("ended"), id)
  end
end
local workers = redis.call("HGETALL", key("workers"))
for i = 1, #workers, 2 do
  if cjson.decode(workers[i + 1]).lastSeenAt < now() - tonumber(ARGV[1]) then forget_worker(workers[i]) end
end
return #ids
