-- Accepts a job: limits, place in the queue, storage and the wake-up of workers in one step.
--
-- ARGV  1 id  2 user  3 client id  4 cost (GPU seconds)  5 weight  6 VRAM need (MiB)  7 VRAM class
--       8 models (JSON list)  9 front ("1")  10 workflow id ("" for none)  11 depth limit
--       12 limit of bytes  13 user limit  14 length of the payload's JSON  15 compressed payload
-- Returns {duplicate (0/1), position, job (JSON)}
-- Refuses with ID_TAKEN, PAUSED, CLOSED <announcement>, QUEUE_FULL <scope> <limit> <seconds until a place is free> <position>
local id, user = ARGV[1], ARGV[2]
local front, packed = ARGV[9] == "1", ARGV[15]

local known = read_job(id)
if known then
  if known.user ~= user then return refuse("ID_TAKEN", "another job has this id") end
  local place = redis.call("ZRANK", key("pending"), member(known))
  return { 1, place or -1, to_answer(known) }
end
local stopped = redis.call("GET", key("paused"))
if stopped and string.sub(stopped, 1, 7) == "closed " then
  return refuse("CLOSED", redis.call("GET", key("announcement")) or "")
end
if stopped then return refuse("PAUSED", "intake is paused") end

-- Jobs before this one whose costs are added up; the rest is taken to be like them.
local LOOKED_AT = 200

-- Estimate: what runs and what is before that place, shared by the workers that run now.
local function refuse_full(scope, limit, position)
  local left, soonest, workers = 0, nil, 0
  for _, running in ipairs(redis.call("ZRANGE", key("leases"), 0, -1)) do
    local fields = redis.call("HMGET", key("job", running), "cost", "startedAt")
    local rest = math.max(0, tonumber(fields[1] or 0) - (now() - tonumber(fields[2] or now())) / 1000)
    left, workers = left + rest, workers + 1
    if not soonest or rest < soonest then soonest = rest end
  end
  local ahead = 0
  local looked = math.min(position, LOOKED_AT)
  for _, name in ipairs(looked > 0 and redis.call("ZRANGE", key("pending"), 0, looked - 1) or {}) do
    ahead = ahead + tonumber(redis.call("HGET", key("job", id_of(name)), "cost"))
  end
  if looked > 0 then ahead = ahead * position / looked end
  local wait = position == 0 and (soonest or 0) or (left + ahead) / math.max(workers, 1)
  return refuse("QUEUE_FULL",
    scope .. " " .. limit .. " " .. math.max(1, math.ceil(wait)) .. " " .. position)
end

local depth_limit, byte_limit, user_limit = ARGV[11], ARGV[12], ARGV[13]
if redis.call("ZCARD", key("pending")) >= tonumber(depth_limit) then
  return refuse_full("depth", depth_limit, 0)
end
if redis.call("ZCARD", key("userState", user, "pending")) >= tonumber(user_limit) then
  local first = pending_of(user)[1]
  return refuse_full("user", user_limit, redis.call("ZRANK", key("pending"), member(first)))
end
-- An empty queue takes a graph of any size: it would never find more room.
local held = tonumber(redis.call("GET", key("waitingBytes")) or 0)
if held > 0 and held + #packed > tonumber(byte_limit) then return refuse_full("bytes", byte_limit, 0) end

local policy = policy_in_force()
local sequence = redis.call("INCR", key("sequence"))
local job = {
  id = id, user = user, clientId = ARGV[3], sequence = sequence,
  number = front and -sequence or sequence,
  cost = ARGV[4], weight = ARGV[5], vramMiB = ARGV[6], class = ARGV[7], models = ARGV[8],
  priority = 0, attempt = 0, losses = 0, faults = 0, outputsCount = 0, createdAt = now(),
  payloadBytes = ARGV[14], packedBytes = #packed,
}
if ARGV[10] ~= "" then job.workflowId = ARGV[10] end
local score = joining_score(job, policy, sequence)

-- "front" is before the user's own jobs: it takes the first one's place, each of them moves back
-- by one. In a fair queue they also start later by what the new job costs.
local others = front and pending_of(user) or {}
local places = {}
for _, other in ipairs(others) do table.insert(places, other.score) end
table.insert(places, score)
for index, other in ipairs(others) do
  local moved = other.score + tonumber(job.cost) / tonumber(job.weight)
  set_score(other, policy == "fair" and moved or places[index + 1])
end

job.score = score_text(places[1])
set_state(job, "pending")
for name, value in pairs(job) do
  if name ~= "state" then set(job, name, value) end
end
save(job)
redis.call("SET", key("payload", id), packed)
redis.call("INCRBY", key("waitingBytes"), #packed)
add_pending(job)
emit_state(job, "enqueued")
wake()
return { 0, redis.call("ZRANK", key("pending"), member(job)), to_answer(job) }
