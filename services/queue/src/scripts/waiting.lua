-- The first pending jobs in the order of claims.
--
-- ARGV  1 limit
-- Returns list of job fields
local jobs = {}
for _, name in ipairs(redis.call("ZRANGE", key("pending"), 0, ARGV[1] - 1)) do
  table.insert(jobs, redis.call("HGETALL", key("job", id_of(name))))
end
return jobs
