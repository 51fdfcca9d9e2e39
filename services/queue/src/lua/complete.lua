-- Ends a claim with its result.
-- ARGV[2] job  [3] worker  [4] attempt  [5] result, compressed  [6] number of output files
-- Returns {'OK', job record}; the same holder again gets the same answer
-- Codes: LEASE_LOST
local job = held(ARGV[2], ARGV[3], ARGV[4])
if not job then
  local ended = load(ARGV[2])
  if ended and ended.state == 'completed' and ended.worker == ARGV[3] and ended.attempt == ARGV[4] then
    return { 'OK', record(ended.id) }
  end
  return { 'LEASE_LOST' }
end
redis.call('SET', key('result', job.id), ARGV[5])
set(job, 'outputsCount', ARGV[6])
finish(job, 'completed', now())
return { 'OK', record(job.id) }
