-- Lists a worker, and keeps its object_info once per fingerprint. Fingerprints that no worker uses
-- any more are dropped, but for the newest: the editor needs one when every worker is away.
--
-- ARGV  1 name  2 worker without lastSeenAt (JSON object text)  3 fingerprint
--       4 compressed object_info ("" = known already)
local function fingerprint_of(text)
  return cjson.decode(text).objectInfoFingerprint
end
local before = redis.call("HGET", key("workers"), ARGV[1])
local text = string.sub(ARGV[2], 1, -2) .. ',"lastSeenAt":' .. string.format("%d", now()) .. "}"
redis.call("HSET", key("workers"), ARGV[1], text)
if ARGV[4] ~= "" then
  redis.call("SET", key("objectInfo", ARGV[3]), ARGV[4])
  local old = redis.call("GET", key("newestObjectInfo"))
  redis.call("SET", key("newestObjectInfo"), ARGV[3])
  local used = { [ARGV[3]] = true }
  for _, other in ipairs(redis.call("HVALS", key("workers"))) do used[fingerprint_of(other)] = true end
  for _, candidate in ipairs({ old or "", before and fingerprint_of(before) or "" }) do
    if candidate ~= "" and not used[candidate] then redis.call("DEL", key("objectInfo", candidate)) end
  end
end
return 1
