-- Puts jobs back whose lease ran out; fails those that lost their worker too often. At most 100 a call.
-- Also forgets workers that were silent for longer than workerRetentionMs.
-- ARGV[2] failure for a job that lost its worker too often, JSON
-- Returns {'OK', job record…}
local at = now()
local changed = { 'OK' }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', at, 'LIMIT', 0, 100)) do
  local job = load(id)
  local lost = tonumber(job.lost) + 1
  set(job, 'lost', digits(lost))
  if lost < settings.maxLost then
    requeue(job, at)
  else
    set(job, 'failure', ARGV[2])
    finish(job, 'failed', at)
  end
  changed[#changed + 1] = record(id)
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', key('workers'), '-inf', at - settings.workerRetentionMs)) do
  redis.call('ZREM', key('workers'), name)
  redis.call('DEL', key('worker', name))
end
return changed
