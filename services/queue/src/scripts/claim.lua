-- Gives a worker the first pending job that fits its VRAM, with a lease and a new fencing token.
--
-- ARGV  1 worker  2 its VRAM (MiB)  3 class of that VRAM  4 lease (ms)
-- Returns {job fields…, payload} or nothing
local worker, vram, own, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- Jobs looked at at once: mostly the first one fits.
local PAGE = 50

local function id_of(name)
  return string.match(name, "^%d+:(.+)$")
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
for class = 0, own do
  local first = first_fitting(class)
  if #first > 0 then
    local score = tonumber(first[2])
    if not best or score < best_score or (score == best_score and first[1] < best) then
      best, best_score = first[1], score
    end
  end
end
if not best then return false end

local id = id_of(best)
local job = read_job(id)
remove_pending(job)
job.attempt = redis.call("HINCRBY", key("job", id), "attempt", 1)
job.startedAt = now()
redis.call("HSET", key("job", id), "worker", worker, "startedAt", job.startedAt)
redis.call("ZADD", key("leases"), job.startedAt + lease, id)
set_state(job, "running")

-- Virtual time is the tag of the newest claim; a job that was put back does not turn it back.
local virtual = tonumber(redis.call("GET", key("virtualTime")) or 0)
if best_score > virtual then
  redis.call("SET", key("virtualTime"), string.format("%.17g", best_score))
end

emit_state(job, "claimed")
return { redis.call("HGETALL", key("job", id)), redis.call("GET", key("payload", id)) }
