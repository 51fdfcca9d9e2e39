-- One page of jobs by creation, of one user or of all. Reads only.
-- ARGV[2] user or ''  [3] offset  [4] limit  [5] 'asc' or 'desc'  [6…] states; none means all
-- Returns {'OK', total, job record…}
local user, offset, limit, descending = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'desc'

local indexes = {}
for i = 6, #ARGV do
  indexes[#indexes + 1] = user == '' and key('jobsInState', ARGV[i]) or key('userJobsInState', user, ARGV[i])
end
if #indexes == 0 then indexes[1] = user == '' and key('jobs') or key('userJobs', user) end

-- The page lies within the first offset+limit of every index, whichever they mix to.
local total, found = 0, {}
for _, index in ipairs(indexes) do
  total = total + redis.call('ZCARD', index)
  local first = #indexes == 1 and offset or 0
  local flat = redis.call(descending and 'ZREVRANGE' or 'ZRANGE', index, first, offset + limit - 1, 'WITHSCORES')
  for i = 1, #flat, 2 do found[#found + 1] = { flat[i], tonumber(flat[i + 1]) } end
end
if #indexes > 1 then
  table.sort(found, function(a, b)
    if descending then return a[2] > b[2] end
    return a[2] < b[2]
  end)
end

local page = { 'OK', total }
local skip = #indexes == 1 and 0 or offset
for i = skip + 1, math.min(skip + limit, #found) do page[#page + 1] = record(found[i][1]) end
return page
