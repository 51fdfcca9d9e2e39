-- Gives a worker the first pending job that fits its VRAM, with a lease and a new fencing token. A
-- job whose models it has loaded may go before the first, within stated bounds.
--
-- ARGV  1 worker  2 its VRAM (MiB)  3 class of that VRAM  4 lease (ms)  5 id of this claim
--       6 said before ("1"): the first answer may be lost  7… models that the worker has loaded
-- Returns {job (JSON), payload} or nothing
local worker, vram, own, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- Jobs looked at at once: mostly the first one fits.
local PAGE = 50

local function answer(job)
  return { to_answer(job), redis.call("GET", key("payload", job.id)) }
end

if ARGV[6] == "1" then
  for _, id in ipairs(redis.call("ZRANGE", key("leases"), 0, -1)) do
    local fields = redis.call("HMGET", key("job", id), "worker", "claimId")
    if fields[1] == worker and fields[2] == ARGV[5] then
      redis.call("ZADD", key("leases"), now() + lease, id)
      return answer(read_job(id))
    end
  end
end

-- {member, score} of the class's first job that fits. In the worker's own class each job's need counts.
local function first_fitting(class)
  local set = key("pendingClass", class)
  if class < own then return redis.call("ZRANGE", set, 0, 0, "WITHSCORES") end
  for start = 0, redis.call("ZCARD", set) - 1, PAGE do
    local waiting = redis.call("ZRANGE", set, start, start + PAGE - 1, "WITHSCORES")
    for i = 1, #waiting, 2 do
      if tonumber(redis.call("HGET", key("job", id_of(waiting[i])), "vramMiB")) <= vram then
        return { waiting[i], waiting[i + 1] }
      end
    end
  end
  return {}
end

local best, best_score
local function consider(name, score)
  if not best or score < best_score or (score == best_score and name < best) then
    best, best_score = name, score
  end
end

-- Mostly the first of all fits; the classes are looked through only where it does not.
local head = redis.call("ZRANGE", key("pending"), 0, 0, "WITHSCORES")
if #head == 0 then return false end
if tonumber(redis.call("HGET", key("job", id_of(head[1])), "vramMiB")) <= vram then
  consider(head[1], tonumber(head[2]))
else
  for class = 0, own do
    local first = first_fitting(class)
    if #first > 0 then consider(first[1], tonumber(first[2])) end
  end
end
if not best then return false end
local first, first_score = best, best_score

local loaded = {}
for index = 7, #ARGV do loaded[ARGV[index]] = true end

-- Whether starting it loads nothing; `none` is the answer for a job without models.
local function starts_at_once(models, none)
  local names = cjson.decode(models or "[]")
  if #names == 0 then return none end
  for _, name in ipairs(names) do
    if not loaded[name] then return false end
  end
  return true
end

-- Loading a large model costs more than a place in the queue: look a little way behind the first.
local window = (#ARGV >= 7 and policy_in_force() == "fair") and setting("affinityWindow") or 0
if window > 0 then
  local job = redis.call("HMGET", key("job", id_of(first)), "models", "passes")
  local passes = tonumber(job[2] or 0)
  if passes < setting("affinityPasses") and not starts_at_once(job[1], true) then
    best = nil
    for class = 0, own do
      local near = redis.call("ZRANGE", key("pendingClass", class),
        score_text(first_score), score_text(first_score + window),
        "BYSCORE", "LIMIT", 0, PAGE, "WITHSCORES")
      for i = 1, #near, 2 do
        local other = redis.call("HMGET", key("job", id_of(near[i])), "models", "vramMiB")
        if tonumber(other[2]) <= vram and starts_at_once(other[1], false) then
          consider(near[i], tonumber(near[i + 1]))
          break
        end
      end
    end
    if best then
      redis.call("HSET", key("job", id_of(first)), "passes", passes + 1)
    else
      best = first
    end
  end
end

local job = read_job(id_of(best))
remove_pending(job)
set(job, "attempt", tonumber(job.attempt) + 1)
set(job, "startedAt", now())
set(job, "worker", worker)
set(job, "claimId", ARGV[5])
set_state(job, "running")
save(job)
redis.call("ZADD", key("leases"), now() + lease, job.id)

-- Virtual time is the tag of the newest claim's turn: a job that went before its turn does not put
-- newcomers behind the one it passed, and a job that was put back does not turn it back.
if first_score > virtual_time() then
  redis.call("SET", key("virtualTime"), score_text(first_score))
end

emit_state(job, "claimed")
return answer(job)
