-- Cancels a pending or running job. A running one's worker is told to interrupt it.
-- ARGV[2] job  [3] user, or '' for anybody's
-- Returns {'OK', job record}
-- Codes: NOT_FOUND · WRONG_STATE state
local job = load(ARGV[2])
if not job or (ARGV[3] ~= '' and job.user ~= ARGV[3]) then return { 'NOT_FOUND' } end
if job.state ~= 'pending' and job.state ~= 'running' then return { 'WRONG_STATE', job.state } end

if job.state == 'running' then
  redis.call('PUBLISH', key('controlChannel', job.worker), cjson.encode({
    kind = 'interrupt', job = job.id, attempt = tonumber(job.attempt),
  }))
elseif policy() == 'fair' then
  -- Give the user back what the job would have cost: their later jobs move up by it, though not to
  -- before the present virtual time, which would be an advance over others.
  local step, own, virtual = stride(job), tonumber(job.tag), virtual_time()
  local finish_of_last = finish_tag(job.user) - step
  local waiting = redis.call('ZRANGE', key('userPending', job.user), 0, -1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    local tag = tonumber(waiting[i + 1])
    if tag > own then
      local later = load(id_of(waiting[i]))
      local moved = math.max(tag - step, math.min(tag, virtual))
      retag(later, moved)
      finish_of_last = math.max(finish_of_last, moved + stride(later))
    end
  end
  redis.call('HSET', key('finishTags'), job.user, digits(finish_of_last))
end
finish(job, 'cancelled', now())
return { 'OK', record(job.id) }
