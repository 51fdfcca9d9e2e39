-- Put before every script: the clock, reading a job, and what each change of state has to do.
-- Refusals are error replies whose first word is a code of errors.ts.

-- Redis' clock, ms. No process's clock counts. It stands still while a script runs.
local clock
local function now()
  if not clock then
    local time = redis.call("TIME")
    clock = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return clock
end

local function refuse(code, text)
  return redis.error_reply(code .. " " .. text)
end

-- A setting in force (apply-settings.lua), or its default; numbers but for the policy.
local function setting(name)
  return tonumber(redis.call("HGET", key("settings"), name)) or defaults[name]
end

local function policy_in_force()
  return redis.call("HGET", key("settings"), "policy") or defaults.policy
end

-- A job's hash as a Lua table; nil when there is none.
local function read_job(id)
  local fields = redis.call("HGETALL", key("job", id))
  if #fields == 0 then return nil end
  local job = {}
  for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
  return job
end

-- Fields of a job that were set and not saved yet, as HSET takes them.
local unsaved = {}

local function set(job, name, value)
  job[name] = value
  local fields = unsaved[job]
  if not fields then
    fields = {}
    unsaved[job] = fields
  end
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end

local function unset(job, ...)
  redis.call("HDEL", key("job", job.id), ...)
  for _, name in ipairs({ ... }) do job[name] = nil end
end

-- One write for all that was set: each command of a script costs as much as the rest of it.
local function save(job)
  if not unsaved[job] then return end
  redis.call("HSET", key("job", job.id), unpack(unsaved[job]))
  unsaved[job] = nil
end

-- A job as a script answers it: one text, which takes a client a fraction of fifty small ones.
local function to_answer(job)
  return cjson.encode(job)
end

-- Member of the pending sets: the sequence in front makes equal scores first come, first served.
local function member(job)
  return string.format("%012d:%s", job.sequence, job.id)
end

local function id_of(member_name)
  return string.match(member_name, "^%d+:(.+)$")
end

local function add_pending(job)
  redis.call("ZADD", key("pending"), job.score, member(job))
  redis.call("ZADD", key("pendingClass", job.class), job.score, member(job))
end

local function remove_pending(job)
  redis.call("ZREM", key("pending"), member(job))
  redis.call("ZREM", key("pendingClass", job.class), member(job))
end

-- State of a job before this script changed it.
local state_before = {}

-- Moves a job between the indexes of states.
local function set_state(job, state)
  state_before[job] = job.state
  if job.state then
    redis.call("ZREM", key("state", job.state), job.id)
    redis.call("ZREM", key("userState", job.user, job.state), job.id)
  end
  redis.call("ZADD", key("state", state), job.sequence, job.id)
  redis.call("ZADD", key("userState", job.user, state), job.sequence, job.id)
  set(job, "state", state)
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
    from = state_before[job],
    reason = reason,
    remaining = remaining(job.user),
    at = now(),
  }))
end

-- A refusal, unless this worker's claim of the job is the newest and still stands.
local function refuse_unless_held(job, worker, attempt)
  if not job then return refuse("LEASE_LOST", "the job is gone") end
  if job.state ~= "running" then return refuse("LEASE_LOST", "the job is " .. job.state) end
  if job.worker ~= worker or job.attempt ~= attempt then
    return refuse("LEASE_LOST", "a newer claim holds the job")
  end
end

-- Whether this very claim has ended the job so already.
local function already_ended(job, state, worker, attempt)
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
  unset(job, "worker", "startedAt")
  set_state(job, "pending")
  save(job)
  add_pending(job)
  emit_state(job, "requeued")
  wake()
end

local function waiting_bytes(job)
  return tonumber(job.packedBytes or 0)
end

-- What a job takes in its user's history.
local function history_bytes(job)
  return tonumber(job.packedBytes or 0) + tonumber(job.resultBytes or 0)
end

local function add_to_history(job, at)
  redis.call("ZADD", key("userEnded", job.user), at, job.id)
  redis.call("ZADD", key("ended"), at, job.id)
  redis.call("DECRBY", key("waitingBytes"), waiting_bytes(job))
  redis.call("HINCRBY", key("historyBytes"), job.user, history_bytes(job))
end

local function take_from_history(job)
  redis.call("ZREM", key("userEnded", job.user), job.id)
  redis.call("ZREM", key("ended"), job.id)
  redis.call("HINCRBY", key("historyBytes"), job.user, -history_bytes(job))
end

-- Forgets an ended job.
local function delete_job(job)
  redis.call("ZREM", key("state", job.state), job.id)
  redis.call("ZREM", key("userState", job.user, job.state), job.id)
  take_from_history(job)
  redis.call("DEL", key("job", job.id), key("payload", job.id), key("result", job.id))
end

-- Forgets an ended job of a user by its id, if need be what is left of it. Returns the job.
local function drop_ended(user, id)
  local job = read_job(id)
  if job then
    delete_job(job)
  else
    redis.call("ZREM", key("userEnded", user), id)
    redis.call("ZREM", key("ended"), id)
    for _, state in ipairs({ "completed", "failed", "cancelled" }) do
      redis.call("ZREM", key("state", state), id)
      redis.call("ZREM", key("userState", user, state), id)
    end
  end
  return job
end

local function store_result(job, packed)
  redis.call("SET", key("result", job.id), packed)
  set(job, "resultBytes", #packed)
end

-- A user's events are dropped this long after their last job ended, s.
local EVENTS_KEPT = 24 * 3600

-- Ends a job, and lets go of the user's oldest ended ones beyond what is kept; the newest stays
-- whatever its size.
local function finish(job, state)
  redis.call("ZREM", key("leases"), job.id)
  set(job, "endedAt", now())
  set_state(job, state)
  save(job)
  add_to_history(job, job.endedAt)
  local history = key("userEnded", job.user)
  local count = redis.call("ZCARD", history)
  local jobs_kept, bytes_kept = setting("historyPerUser"), setting("historyBytesPerUser")
  while count > 1 and (count > jobs_kept
      or tonumber(redis.call("HGET", key("historyBytes"), job.user)) > bytes_kept) do
    drop_ended(job.user, redis.call("ZRANGE", history, 0, 0)[1])
    count = count - 1
  end
  forget_fairness_when_idle()
  emit_state(job, state)
  redis.call("EXPIRE", key("events", job.user), EVENTS_KEPT)
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
local function score_text(score)
  return string.format("%.17g", score)
end

local function set_score(job, score)
  set(job, "score", score_text(score))
  save(job)
  add_pending(job)
end

local function virtual_time()
  return tonumber(redis.call("GET", key("virtualTime")) or 0)
end

-- Wider than any sequence number: no arrival outweighs a step of priority.
local PRIORITY_STEP = 1e12

-- Score of a job that joins the queue now. In a fair queue its user is charged for it.
local function joining_score(job, policy, arrival)
  if policy == "fair" then
    local finish_tag = tonumber(redis.call("HGET", key("finishTags"), job.user) or 0)
    local score = math.max(virtual_time(), finish_tag)
    redis.call("HSET", key("finishTags"), job.user,
      score_text(score + tonumber(job.cost) / tonumber(job.weight)))
    return score
  end
  if policy == "priority" then return arrival - tonumber(job.priority or 0) * PRIORITY_STEP end
  return arrival
end

-- Drops an object_info that no worker has any more, but for the newest: the editor needs one when
-- every worker is away.
local function drop_unused_object_info(fingerprint)
  if fingerprint == redis.call("GET", key("newestObjectInfo")) then return end
  for _, worker in ipairs(redis.call("HVALS", key("workers"))) do
    if cjson.decode(worker).objectInfoFingerprint == fingerprint then return end
  end
  redis.call("DEL", key("objectInfo", fingerprint))
end

-- Takes a worker off the list.
local function forget_worker(name)
  local worker = redis.call("HGET", key("workers"), name)
  if not worker then return end
  redis.call("HDEL", key("workers"), name)
  drop_unused_object_info(cjson.decode(worker).objectInfoFingerprint)
end
