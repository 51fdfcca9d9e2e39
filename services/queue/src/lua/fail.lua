-- Ends a claim with a failure, or puts the job back for another try.
-- ARGV[2] job  [3] worker  [4] attempt  [5] failure, JSON  [6] result, compressed, or ''
-- ARGV[7] number of output files  [8] '1' to try again while fewer than maxAttempts tries have failed
-- Returns {'OK', job record}; the same holder again gets the same answer
-- Codes: LEASE_LOST
local job = held(ARGV[2], ARGV[3], ARGV[4])
if not job then
  local ended = load(ARGV[2])
  if ended and ended.state == 'failed' and ended.worker == ARGV[3] and ended.attempt == ARGV[4] then
    return { 'OK', record(ended.id) }
  end
  return { 'LEASE_LOST' }
end
local failures = tonumber(job.failures) + 1
set(job, 'failures', digits(failures))
if ARGV[8] == '1' and failures < settings.maxAttempts then
  requeue(job, now())
else
  if ARGV[6] ~= '' then redis.call('SET', key('result', job.id), ARGV[6]) end
  set(job, 'failure', ARGV[5])
  set(job, 'outputsCount', ARGV[7])
  finish(job, 'failed', now())
end
return { 'OK', record(job.id) }
