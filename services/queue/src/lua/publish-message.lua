-- Relays a ComfyUI message of a running job to its user.
-- ARGV[2] job  [3] worker  [4] attempt  [5] message, JSON
-- ARGV[6] '1' when transient: it is only published, so nothing is written and no fsync is waited for
-- Returns {'OK'}
-- Codes: LEASE_LOST
local job = held(ARGV[2], ARGV[3], ARGV[4])
if not job then return { 'LEASE_LOST' } end
local event = '{"kind":"message","job":' .. cjson.encode(job.id) .. ',"clientId":' .. cjson.encode(job.clientId)
  .. ',"attempt":' .. job.attempt .. ',"message":' .. ARGV[5] .. '}'
if ARGV[6] == '1' then
  redis.call('PUBLISH', key('eventChannel', job.user), '- ' .. event)
else
  store_event(job.user, event)
end
return { 'OK' }
