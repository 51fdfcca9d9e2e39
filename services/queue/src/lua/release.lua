-- Gives a claimed job back, as the next one of its user. Uses up nothing.
-- ARGV[2] job  [3] worker  [4] attempt  [5] reason, kept with the job for the host
-- Returns {'OK', job record}
-- Codes: LEASE_LOST
local job = held(ARGV[2], ARGV[3], ARGV[4])
if not job then return { 'LEASE_LOST' } end
set(job, 'releaseReason', ARGV[5])
requeue(job, now())
return { 'OK', record(job.id) }
