-- Relays a ComfyUI message of a running attempt. A transient one is told and not stored: it writes
-- nothing, so it costs no fsync.
--
-- ARGV  1 id  2 worker  3 attempt  4 message (JSON)  5 transient ("1")
-- Refuses with LEASE_LOST
local job, refusal = held_job(ARGV[1], ARGV[2], ARGV[3])
if not job then return refusal end
-- Put together as text: decoding and encoding would turn an empty list into an empty object.
local json = '{"kind":"message","job":' .. cjson.encode(job.id)
  .. ',"clientId":' .. cjson.encode(job.clientId)
  .. ',"attempt":' .. job.attempt .. ',"message":' .. ARGV[4] .. "}"
if ARGV[5] == "1" then
  redis.call("PUBLISH", key("events", job.user), "- " .. json)
else
  emit(job.user, json)
end
return 1
