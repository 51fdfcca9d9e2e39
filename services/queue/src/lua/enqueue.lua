-- Accepts a job, gives it its place and tells waiting workers.
-- ARGV[2] id  [3] user  [4] client id  [5] cost, GPU seconds  [6] weight  [7] VRAM, MiB
-- ARGV[8] '1' puts it before the user's own pending jobs  [9] workflow id or ''  [10] payload, compressed
-- Returns {'OK', 1 when the id was accepted before, position or -1, job record}
-- Codes: ID_TAKEN (another user's id) · PAUSED · FULL scope limit position retry-after-seconds
local id, user = ARGV[2], ARGV[3]

local function position(job)
  return redis.call('ZRANK', key('pending'), member(job)) or -1
end

local existing = load(id)
if existing then
  if existing.user ~= user then return { 'ID_TAKEN' } end
  return { 'OK', 1, position(existing), record(id) }
end
if redis.call('HGET', key('meta'), 'paused') then return { 'PAUSED' } end

local job = {
  id = id, user = user, clientId = ARGV[4], cost = ARGV[5], weight = ARGV[6], vram = ARGV[7],
  attempt = '0', lost = '0', failures = '0', outputsCount = '0',
}
local sequence = tonumber(redis.call('HGET', key('meta'), 'sequence') or '0') + 1
local rule = policy()

local tag
if rule == 'fair' then
  tag = math.max(virtual_time(), finish_tag(user))
elseif rule == 'priority' then
  -- Weight first, then arrival. Exact while weight <= 1000 and fewer than 1e9 jobs: 1e15 < 2^53.
  tag = sequence - math.floor(tonumber(ARGV[6]) * 1000) * 1e9
else
  tag = sequence
end

-- Until a place is free, one job has to start: the mean cost of what runs, over how many run.
local function full(scope, limit, ahead)
  local running = redis.call('ZRANGE', key('leases'), 0, 99)
  local cost = 0
  for _, name in ipairs(running) do cost = cost + tonumber(redis.call('HGET', key('job', name), 'cost') or '0') end
  if #running == 0 then return { 'FULL', scope, limit, ahead, 5 } end
  local seconds = math.ceil(cost / #running / #running)
  return { 'FULL', scope, limit, ahead, math.max(1, math.min(120, seconds)) }
end

local own = redis.call('ZCARD', key('userPending', user))
local depth = redis.call('ZCARD', key('pending'))
if own >= settings.userPendingLimit then
  return full('user', settings.userPendingLimit, redis.call('ZCOUNT', key('pending'), '-inf', digits(tag)))
end
if depth >= settings.maxDepth then
  return full('depth', settings.maxDepth, redis.call('ZCOUNT', key('pending'), '-inf', digits(tag)))
end

local front = ARGV[8] == '1'
local at = now()
redis.call('HSET', key('meta'), 'sequence', sequence)
job.sequence = digits(sequence)
job.number = digits(front and -sequence or sequence)
job.createdAt = digits(at)
if ARGV[9] ~= '' then job.workflowId = ARGV[9] end
local fields = {}
for field, value in pairs(job) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', key('job', id), unpack(fields))
redis.call('SET', key('payload', id), ARGV[10])
redis.call('ZADD', key('jobs'), sequence, id)
redis.call('ZADD', key('userJobs', user), sequence, id)
if rule == 'fair' then
  redis.call('HSET', key('finishTags'), user, digits(tag + stride(job)))
end

-- To the front of the user's own jobs: it takes the first one's tag, and the others move back by
-- what it costs (fair), or each takes the tag of the next (other policies). Nobody else's place changes
-- for the worse, because the user's tags cover the same span either way.
if front and own > 0 then
  local waiting = redis.call('ZRANGE', key('userPending', user), 0, -1, 'WITHSCORES')
  local first = tonumber(waiting[2])
  for i = 1, #waiting, 2 do
    local other = load(id_of(waiting[i]))
    if rule == 'fair' then
      retag(other, tonumber(waiting[i + 1]) + stride(job))
    else
      retag(other, tonumber(waiting[i + 3] or tag))
    end
  end
  tag = first
end

enter_pending(job, tag)
enter_state(job, 'pending')
emit(job, 'enqueued', nil, at)
wake(job)
return { 'OK', 0, position(job), record(id) }
