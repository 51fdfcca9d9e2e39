-- Relays a ComfyUI message of a running attempt. A transient one is told and not stored: it writes
-- nothing, so it costs no fsync. One that is too large to be kept is told only.
--
-- ARGV  1 id  2 worker  3 attempt  4 message (JSON)  5 transient ("1")  6 most bytes stored
-- Refuses with LEASE_LOST
local job = read_job(ARGV[1])
local refusal = refuse_unless_held(job, ARGV[2], ARGV[3])
if refusal then return refusal end
-- Put together as text: decoding and encoding would turn an empty list into an empty object.
local json = '{"kind":"message","job":' .. cjson.encode(job.id)
  .. ',"clientId":' .. cjson.encode(job.clientId)
  .. ',"attempt":' .. job.attempt .. ',"message":' .. ARGV[4] .. "}"
if ARGV[5] == "1" or #ARGV[4] > tonumber(ARGV[6]) then
  redis.call("PUBLISH", key("events", job.user), "- " .. json)
else
  emit(job.user, json)
end
return 1
