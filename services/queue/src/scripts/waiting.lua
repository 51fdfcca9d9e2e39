-- The first pending jobs in the order of claims.
--
-- ARGV  1 limit
-- Returns a list of jobs (JSON)
local jobs = {}
for _, name in ipairs(redis.call("ZRANGE", key("pending"), 0, ARGV[1] - 1)) do
  table.insert(jobs, to_answer(read_job(id_of(name))))
end
return jobs
