-- Drops ended jobs of a user. Others' jobs and jobs that have not ended are passed over.
-- ARGV[2] user  [3] '1' for all of the user's ended jobs  [4…] job ids otherwise
-- Returns {'OK', number of dropped jobs}
local ids
if ARGV[3] == '1' then
  ids = redis.call('ZRANGE', key('userEnded', ARGV[2]), 0, -1)
else
  ids = { unpack(ARGV, 4) }
end
local dropped, at = 0, now()
for _, id in ipairs(ids) do
  if redis.call('ZSCORE', key('userEnded', ARGV[2]), id) then
    local job = load(id)
    drop(job)
    emit(job, 'deleted', job.state, at)
    dropped = dropped + 1
  end
end
return { 'OK', dropped }
