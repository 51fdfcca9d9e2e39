-- Gives a worker the job with the lowest tag that fits it, with a lease.
-- ARGV[2] worker  [3] VRAM that the worker has for a job, MiB  [4] claim id: the same one again answers
-- the same claim again, for a worker whose first answer was lost on the way
-- Returns {'OK'} when nothing fits, else {'OK', job record, payload, lease ms}
local worker, vram, claim_id = ARGV[2], tonumber(ARGV[3]), ARGV[4]

local function answer(job)
  return { 'OK', record(job.id), redis.call('GET', key('payload', job.id)), settings.leaseMs }
end

local holding = redis.call('HGET', key('worker', worker), 'job')
if holding then
  local job = load(holding)
  if job and job.claimId == claim_id then return answer(job) end
end

-- Every job of a lower class fits. In the worker's own class (the same whole GiB) a job may still need
-- more than the worker has, so there the first that fits is looked for.
local function first_fitting(class)
  local name = key('pendingOfClass', class)
  if tonumber(class) < math.floor(vram / 1024) then return redis.call('ZRANGE', name, 0, 0, 'WITHSCORES') end
  local waiting = redis.call('ZRANGE', name, 0, -1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    if tonumber(redis.call('HGET', key('job', id_of(waiting[i])), 'vram')) <= vram then
      return { waiting[i], waiting[i + 1] }
    end
  end
  return {}
end

local best, best_tag
for _, class in ipairs(redis.call('ZRANGEBYSCORE', key('pendingClasses'), '-inf', math.floor(vram / 1024))) do
  local head = first_fitting(class)
  if head[1] then
    local tag = tonumber(head[2])
    if not best or tag < best_tag or (tag == best_tag and head[1] < best) then
      best, best_tag = head[1], tag
    end
  end
end
if not best then return { 'OK' } end

local at = now()
local job = load(id_of(best))
leave_pending(job)
if policy() == 'fair' and best_tag > virtual_time() then
  redis.call('HSET', key('meta'), 'virtualTime', digits(best_tag))
end
set(job, 'attempt', digits(tonumber(job.attempt) + 1))
set(job, 'worker', worker)
set(job, 'startedAt', digits(at))
set(job, 'claimId', claim_id)
enter_state(job, 'running')
redis.call('ZADD', key('leases'), at + settings.leaseMs, job.id)
redis.call('HSET', key('worker', worker), 'job', job.id)
emit(job, 'claimed', 'pending', at)
return answer(job)
