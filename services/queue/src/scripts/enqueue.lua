-- Accepts a job: limits, place in the queue, storage and the wake-up of workers in one step.
--
-- ARGV  1 id  2 user  3 client id  4 cost (GPU seconds)  5 weight  6 VRAM need (MiB)  7 VRAM class
--       8 front ("1")  9 workflow id ("" for none)  10 policy  11 depth limit  12 user limit
--       13 compressed payload
-- Returns {duplicate (0/1), position, job fields…}
-- Refuses with ID_TAKEN, PAUSED, QUEUE_FULL <scope> <limit> <seconds until a place is likely free>
local id, user = ARGV[1], ARGV[2]
local cost, weight = tonumber(ARGV[4]), tonumber(ARGV[5])
local front, policy = ARGV[8] == "1", ARGV[10]

local known = read_job(id)
if known then
  if known.user ~= user then return refuse("ID_TAKEN", "another job has this id") end
  local place = redis.call("ZRANK", key("pending"), member(known))
  return { 1, place or -1, redis.call("HGETALL", key("job", id)) }
end
if redis.call("EXISTS", key("paused")) == 1 then return refuse("PAUSED", "intake is paused") end

local function full(scope, limit, set)
  if redis.call("ZCARD", set) < limit then return nil end
  -- A place is free once the longest running job ends: its cost less what it has run.
  local wait = 1
  for _, running in ipairs(redis.call("ZRANGE", key("leases"), 0, -1)) do
    local fields = redis.call("HMGET", key("job", running), "cost", "startedAt")
    local left = tonumber(fields[1] or 0) - (now() - tonumber(fields[2] or now())) / 1000
    if left > wait then wait = left end
  end
  return refuse("QUEUE_FULL", scope .. " " .. limit .. " " .. math.ceil(wait))
end
local refusal = full("depth", tonumber(ARGV[11]), key("pending"))
  or full("user", tonumber(ARGV[12]), key("userState", user, "pending"))
if refusal then return refusal end

local sequence = redis.call("INCR", key("sequence"))
local job = {
  id = id, user = user, clientId = ARGV[3], sequence = sequence,
  number = front and -sequence or sequence,
  cost = ARGV[4], weight = ARGV[5], vramMiB = ARGV[6], class = ARGV[7],
  attempt = 0, losses = 0, outputsCount = 0, createdAt = now(),
}
if ARGV[9] ~= "" then job.workflowId = ARGV[9] end

-- The score: virtual start tag (fair) or arrival (fifo).
local score = sequence
local share = cost / weight
if policy == "fair" then
  local virtual = tonumber(redis.call("GET", key("virtualTime")) or 0)
  local finish_tag = tonumber(redis.call("HGET", key("finishTags"), user) or 0)
  score = math.max(virtual, finish_tag)
  redis.call("HSET", key("finishTags"), user, string.format("%.17g", score + share))
end

local fields = {}
for name, value in pairs(job) do
  table.insert(fields, name)
  table.insert(fields, value)
end
redis.call("HSET", key("job", id), unpack(fields))
redis.call("SET", key("payload", id), ARGV[13])
redis.call("ZADD", key("jobs"), sequence, id)
redis.call("ZADD", key("userJobs", user), sequence, id)

-- "front" is before the user's own jobs: it takes the first one's place, each of them moves back
-- by one. In a fair queue they also start later by what the new job costs.
local others = front and pending_of(user) or {}
set_state(job, "pending")
if #others > 0 then
  local places = {}
  for _, other in ipairs(others) do table.insert(places, other.score) end
  table.insert(places, score)
  set_score(job, places[1])
  for index, other in ipairs(others) do
    set_score(other, policy == "fair" and other.score + share or places[index + 1])
  end
else
  set_score(job, score)
end

emit_state(job, "enqueued")
wake()
return { 0, redis.call("ZRANK", key("pending"), member(job)), redis.call("HGETALL", key("job", id)) }
