-- Gives a worker the first pending job that fits its VRAM, with a lease and a new fencing token.
--
-- ARGV  1 worker  2 highest VRAM class that it fits  3 lease (ms)
-- Returns {job fields…, payload} or nothing
local worker, top, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local best, best_score
for class = 0, top do
  local first = redis.call("ZRANGE", key("pendingClass", class), 0, 0, "WITHSCORES")
  if #first > 0 then
    local score = tonumber(first[2])
    if not best or score < best_score or (score == best_score and first[1] < best) then
      best, best_score = first[1], score
    end
  end
end
if not best then return false end

local id = string.match(best, "^%d+:(.+)$")
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
