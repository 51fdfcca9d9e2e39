-- Put before every script: the clock, reading a job, and what each change of state has to do.
-- Refusals are error replies whose first word is a code of errors.ts.

-- Redis' clock, ms. No process's clock counts.
local function now()
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function refuse(code, text)
  return redis.error_reply(code .. " " .. text)
end

-- A job's hash as a Lua table; nil when there is none.
local function read_job(id)
  local fields = redis.call("HGETALL", key("job", id))
  if #fields == 0 then return nil end
  local job = {}
  for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
  return job
end

-- Member of the pending sets: the sequence in front makes equal scores first come, first served.
local function member(job)
  return string.format("%012d:%s", job.sequence, job.id)
end

local function add_pending(job)
  redis.call("ZADD", key("pending"), job.score, member(job))
  redis.call("ZADD", key("pendingClass", job.class), job.score, member(job))
end

local function remove_pending(job)
  redis.call("ZREM", key("pending"), member(job))
  redis.call("ZREM", key("pendingClass", job.class), member(job))
end

-- Moves a job between the indexes of states.
local function set_state(job, state)
  if job.state then
    redis.call("ZREM", key("state", job.state), job.id)
    redis.call("ZREM", key("userState", job.user, job.state), job.id)
  end
  redis.call("ZADD", key("state", state), job.sequence, job.id)
  redis.call("ZADD", key("userState", job.user, state), job.sequence, job.id)
  redis.call("HSET", key("job", job.id), "state", state)
  job.state = state
end

-- Jobs of a user that have not ended.
local function remaining(user)
  return redis.call("ZCARD", key("userState", user, "pending"))
    + redis.call("ZCARD", key("userState", user, "running"))
end

-- Stores an event for replay and tells every gateway. The message is "<stream id> <json>".
local function emit(user, json)
  local id = redis.call("XADD", key("events", user), "MAXLEN", "~", 1000, "*", "event", json)
  redis.call("PUBLISH", key("events", user), id .. " " .. json)
end

local function emit_state(job, reason)
  emit(job.user, cjson.encode({
    kind = "state",
    job = job.id,
    clientId = job.clientId,
    attempt = tonumber(job.attempt),
    state = job.state,
    reason = reason,
    remaining = remaining(job.user),
    at = now(),
  }))
end

-- The job, if this worker's claim is the newest and still stands; else nil and a refusal.
local function held_job(id, worker, attempt)
  local job = read_job(id)
  if not job then return nil, refuse("LEASE_LOST", "the job is gone") end
  if job.state ~= "running" then return nil, refuse("LEASE_LOST", "the job is " .. job.state) end
  if job.worker ~= worker or job.attempt ~= attempt then
    return nil, refuse("LEASE_LOST", "a newer claim holds the job")
  end
  return job
end

-- Whether this very claim has ended the job so already.
local function already_ended(state, id, worker, attempt)
  local job = read_job(id)
  return job and job.state == state and job.worker == worker and job.attempt == attempt
end

local function wake()
  redis.call("PUBLISH", key("wake"), "")
end

-- With no work left, virtual time starts anew: numbers stay small, nobody carries an old debt.
local function forget_fairness_when_idle()
  if redis.call("ZCARD", key("pending")) == 0 and redis.call("ZCARD", key("leases")) == 0 then
    redis.call("DEL", key("virtualTime"), key("finishTags"))
  end
end

-- Puts a running job back where it stood: its old tag is before everything queued since.
local function requeue(job)
  redis.call("ZREM", key("leases"), job.id)
  redis.call("HDEL", key("job", job.id), "worker", "startedAt")
  job.worker, job.startedAt = nil, nil
  set_state(job, "pending")
  add_pending(job)
  emit_state(job, "requeued")
  wake()
end

local function delete_job(job)
  redis.call("ZREM", key("jobs"), job.id)
  redis.call("ZREM", key("userJobs", job.user), job.id)
  redis.call("ZREM", key("state", job.state), job.id)
  redis.call("ZREM", key("userState", job.user, job.state), job.id)
  redis.call("ZREM", key("userEnded", job.user), job.id)
  redis.call("DEL", key("job", job.id), key("payload", job.id), key("result", job.id))
end

-- Ends a job and lets go of the oldest ended ones beyond the user's history.
local function finish(job, state, keep)
  redis.call("ZREM", key("leases"), job.id)
  local at = now()
  redis.call("HSET", key("job", job.id), "endedAt", at)
  job.endedAt = at
  set_state(job, state)
  redis.call("ZADD", key("userEnded", job.user), at, job.id)
  local excess = redis.call("ZCARD", key("userEnded", job.user)) - keep
  if excess > 0 then
    for _, id in ipairs(redis.call("ZRANGE", key("userEnded", job.user), 0, excess - 1)) do
      local old = read_job(id)
      if old then delete_job(old) else redis.call("ZREM", key("userEnded", job.user), id) end
    end
  end
  forget_fairness_when_idle()
  emit_state(job, state)
end

-- The user's pending jobs in the order of claims, each with its score as a number.
local function pending_of(user)
  local jobs = {}
  for _, id in ipairs(redis.call("ZRANGE", key("userState", user, "pending"), 0, -1)) do
    local job = read_job(id)
    job.score = tonumber(job.score)
    table.insert(jobs, job)
  end
  table.sort(jobs, function(a, b)
    if a.score == b.score then return tonumber(a.sequence) < tonumber(b.sequence) end
    return a.score < b.score
  end)
  return jobs
end

-- 17 digits: a score survives the way through text unchanged.
local function set_score(job, score)
  job.score = string.format("%.17g", score)
  redis.call("HSET", key("job", job.id), "score", job.score)
  add_pending(job)
end
