-- All listed workers. Reads only.
-- Returns {'OK', now, {info JSON, status, last seen, job or ''}…}
local answer = { 'OK', digits(now()) }
local listed = redis.call('ZRANGE', key('workers'), 0, -1, 'WITHSCORES')
for i = 1, #listed, 2 do
  local fields = redis.call('HMGET', key('worker', listed[i]), 'info', 'status', 'job')
  if fields[1] then answer[#answer + 1] = { fields[1], fields[2], listed[i + 1], fields[3] or '' } end
end
return answer
