-- Lists a worker, and keeps its object_info once per fingerprint.
--
-- ARGV  1 name  2 worker without lastSeenAt (JSON object text)  3 fingerprint
--       4 compressed object_info ("" = known already)
local before = redis.call("HGET", key("workers"), ARGV[1])
local text = string.sub(ARGV[2], 1, -2) .. ',"lastSeenAt":' .. string.format("%d", now()) .. "}"
redis.call("HSET", key("workers"), ARGV[1], text)
if ARGV[4] ~= "" then
  redis.call("SET", key("objectInfo", ARGV[3]), ARGV[4])
  local newest = redis.call("GET", key("newestObjectInfo"))
  redis.call("SET", key("newestObjectInfo"), ARGV[3])
  redis.call("SET", key("objectInfoVersion"), redis.sha1hex(ARGV[4]))
  if newest then drop_unused_object_info(newest) end
  if before then drop_unused_object_info(cjson.decode(before).objectInfoFingerprint) end
end
return 1
