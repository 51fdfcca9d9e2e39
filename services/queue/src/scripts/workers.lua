-- The registered workers and the job that each holds.
--
-- Returns {now (ms), list of worker JSON, list of {job id, worker}}
local held = {}
for _, id in ipairs(redis.call("ZRANGE", key("leases"), 0, -1)) do
  table.insert(held, { id, redis.call("HGET", key("job", id), "worker") })
end
return { now(), redis.call("HVALS", key("workers")), held }
