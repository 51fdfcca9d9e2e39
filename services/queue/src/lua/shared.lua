-- Put before every script, after the table of key names that keys.ts renders.
-- KEYS[1]  what every key begins with, `{cm}:`. The other keys share its hash tag and are built here.
-- ARGV[1]  settings, JSON: limits and times that every script may need (see scripts.ts).
-- Every script answers an array that starts with a code: 'OK', or one that errors.ts makes an error of.
-- Checks come before the first write, so a refused call changes nothing.

local settings = cjson.decode(ARGV[1])

local function key(name, ...)
  return KEYS[1] .. string.format(key_names[name], ...)
end

-- Redis' clock, ms. Never a process's clock.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Lua's tostring keeps 14 digits; a tag needs all of its double's.
local function digits(value)
  return string.format('%.17g', value)
end

local function load(id)
  local flat = redis.call('HGETALL', key('job', id))
  if #flat == 0 then return nil end
  local job = {}
  for i = 1, #flat, 2 do job[flat[i]] = flat[i + 1] end
  return job
end

local function record(id)
  return redis.call('HGETALL', key('job', id))
end

local function set(job, field, value)
  job[field] = value
  redis.call('HSET', key('job', job.id), field, value)
end

local function unset(job, field)
  job[field] = nil
  redis.call('HDEL', key('job', job.id), field)
end

-- Among equal tags the earlier job goes first: members sort by their sequence number.
local function member(job)
  return string.format('%012d', tonumber(job.sequence)) .. ':' .. job.id
end

local function id_of(name)
  return string.sub(name, 14)
end

local function policy()
  return redis.call('HGET', key('meta'), 'policy') or 'fair'
end

local function virtual_time()
  return tonumber(redis.call('HGET', key('meta'), 'virtualTime') or '0')
end

local function finish_tag(user)
  return tonumber(redis.call('HGET', key('finishTags'), user) or '0')
end

-- What a job moves its user's tags by.
local function stride(job)
  return tonumber(job.cost) / tonumber(job.weight)
end

-- Whole GiB, rounded down: jobs of the classes below a worker's own fit it without a look at each.
local function vram_class(mib)
  return tostring(math.floor(tonumber(mib) / 1024))
end

local function retag(job, tag)
  local name, score = member(job), digits(tag)
  local class = vram_class(job.vram)
  redis.call('ZADD', key('pending'), score, name)
  redis.call('ZADD', key('pendingOfClass', class), score, name)
  redis.call('ZADD', key('userPending', job.user), score, name)
  set(job, 'tag', score)
end

local function enter_pending(job, tag)
  local class = vram_class(job.vram)
  redis.call('ZADD', key('pendingClasses'), class, class)
  retag(job, tag)
end

local function leave_pending(job)
  local name = member(job)
  local class = vram_class(job.vram)
  redis.call('ZREM', key('pending'), name)
  redis.call('ZREM', key('userPending', job.user), name)
  redis.call('ZREM', key('pendingOfClass', class), name)
  if redis.call('EXISTS', key('pendingOfClass', class)) == 0 then
    redis.call('ZREM', key('pendingClasses'), class)
  end
end

local function wake(job)
  redis.call('PUBLISH', key('wakeChannel'), job.vram)
end

-- Writes a job's state and moves it between the indexes that listings and counts read.
local function enter_state(job, state)
  if job.state then
    redis.call('ZREM', key('jobsInState', job.state), job.id)
    redis.call('ZREM', key('userJobsInState', job.user, job.state), job.id)
  end
  set(job, 'state', state)
  redis.call('ZADD', key('jobsInState', state), job.sequence, job.id)
  redis.call('ZADD', key('userJobsInState', job.user, state), job.sequence, job.id)
end

local function remaining(user)
  return redis.call('ZCARD', key('userJobsInState', user, 'pending'))
    + redis.call('ZCARD', key('userJobsInState', user, 'running'))
end

-- Stores an event (JSON) for replay and sends it to whoever listens to this user.
local function store_event(user, event)
  local id = redis.call('XADD', key('userEvents', user), 'MAXLEN', '~', settings.eventLimit, '*', 'event', event)
  redis.call('PUBLISH', key('eventChannel', user), id .. ' ' .. event)
end

-- from: the state before; nil when there was none.
local function emit(job, reason, from, at)
  store_event(job.user, cjson.encode({
    kind = 'state',
    job = job.id,
    clientId = job.clientId,
    attempt = tonumber(job.attempt),
    state = job.state,
    from = from,
    reason = reason,
    remaining = remaining(job.user),
    at = at,
  }))
end

-- The running job of this claim, or nil when the claim is not the present one.
local function held(id, worker, attempt)
  local job = load(id)
  if job and job.state == 'running' and job.worker == worker and job.attempt == attempt then return job end
  return nil
end

local function end_lease(job)
  redis.call('ZREM', key('leases'), job.id)
  local worker = key('worker', job.worker)
  if redis.call('HGET', worker, 'job') == job.id then redis.call('HDEL', worker, 'job') end
end

-- Running → pending with its old tag, which no waiting job undercuts: it is the next to be claimed.
local function requeue(job, at)
  end_lease(job)
  unset(job, 'startedAt')
  unset(job, 'worker')
  unset(job, 'claimId')
  enter_state(job, 'pending')
  enter_pending(job, tonumber(job.tag))
  emit(job, 'requeued', 'running', at)
  wake(job)
end

local function drop(job)
  redis.call('DEL', key('job', job.id), key('payload', job.id), key('result', job.id))
  redis.call('ZREM', key('jobs'), job.id)
  redis.call('ZREM', key('userJobs', job.user), job.id)
  redis.call('ZREM', key('jobsInState', job.state), job.id)
  redis.call('ZREM', key('userJobsInState', job.user, job.state), job.id)
  redis.call('ZREM', key('userEnded', job.user), job.id)
end

-- Pending or running → an ended state; then drops what retention no longer keeps of this user.
local function finish(job, state, at)
  local from = job.state
  if from == 'running' then end_lease(job) else leave_pending(job) end
  set(job, 'endedAt', digits(at))
  enter_state(job, state)
  redis.call('ZADD', key('userEnded', job.user), digits(at), job.id)
  emit(job, state, from, at)
  local surplus = redis.call('ZCARD', key('userEnded', job.user)) - settings.historyLimit
  if surplus > 0 then
    for _, id in ipairs(redis.call('ZRANGE', key('userEnded', job.user), 0, surplus - 1)) do
      local old = load(id)
      if old then drop(old) end
    end
  end
end
