-- One page of jobs by creation, without their graphs.
--
-- ARGV  1 user ("" = all)  2 offset  3 limit  4 "asc" or "desc"  5… states
-- Returns {total, list of jobs (JSON)}
local user, offset, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local last = offset + limit - 1
local sets = {}
for index = 5, #ARGV do
  table.insert(sets, user == "" and key("state", ARGV[index]) or key("userState", user, ARGV[index]))
end

-- Each set is in order: the page of their union lies within the first `last` of each.
local found, total = {}, 0
for _, set in ipairs(sets) do
  total = total + redis.call("ZCARD", set)
  local rows
  if ARGV[4] == "desc" then
    rows = redis.call("ZRANGE", set, 0, last, "REV", "WITHSCORES")
  else
    rows = redis.call("ZRANGE", set, 0, last, "WITHSCORES")
  end
  for i = 1, #rows, 2 do table.insert(found, { id = rows[i], sequence = tonumber(rows[i + 1]) }) end
end
if #sets > 1 then
  table.sort(found, function(a, b)
    if ARGV[4] == "desc" then return a.sequence > b.sequence end
    return a.sequence < b.sequence
  end)
end

local jobs = {}
for index = offset + 1, math.min(offset + limit, #found) do
  local job = read_job(found[index].id)
  if job then table.insert(jobs, to_answer(job)) end
end
return { total, jobs }
