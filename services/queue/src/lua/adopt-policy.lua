-- Makes a policy the queue's; jobs that wait under another one get their tags anew, in order of arrival.
-- ARGV[2] 'fair', 'fifo' or 'priority'
-- Returns {'OK'}
local rule = ARGV[2]
if policy() == rule then
  redis.call('HSETNX', key('meta'), 'policy', rule)
  return { 'OK' }
end
redis.call('HSET', key('meta'), 'policy', rule)
redis.call('HSET', key('meta'), 'virtualTime', '0')
redis.call('DEL', key('finishTags'))
for _, id in ipairs(redis.call('ZRANGE', key('jobsInState', 'pending'), 0, -1)) do
  local job = load(id)
  local sequence = tonumber(job.sequence)
  if rule == 'fair' then
    local tag = finish_tag(job.user)
    retag(job, tag)
    redis.call('HSET', key('finishTags'), job.user, digits(tag + stride(job)))
  elseif rule == 'priority' then
    retag(job, sequence - math.floor(tonumber(job.weight) * 1000) * 1e9)
  else
    retag(job, sequence)
  end
end
return { 'OK' }
