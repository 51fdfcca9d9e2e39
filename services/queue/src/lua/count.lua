-- Jobs by state, of one user or of all. Reads only.
-- ARGV[2] user or ''  [3…] states
-- Returns {'OK', count of each state in the order asked}
local counts = { 'OK' }
for i = 3, #ARGV do
  local index = ARGV[2] == '' and key('jobsInState', ARGV[i]) or key('userJobsInState', ARGV[2], ARGV[i])
  counts[#counts + 1] = redis.call('ZCARD', index)
end
return counts
