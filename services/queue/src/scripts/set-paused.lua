-- Pauses, closes or resumes intake. What is closed is not merely paused by a later pause.
--
-- ARGV  1 "pause", "close", "resume", or "renew": opens what another life of the stack has closed
--       2 the life, for "close" and "renew"
local what, closed = ARGV[1], "closed " .. (ARGV[2] or "")
if what == "pause" then
  redis.call("SET", key("paused"), "1", "NX")
elseif what == "close" then
  redis.call("SET", key("paused"), closed)
elseif what == "resume" then
  redis.call("DEL", key("paused"))
else
  local found = redis.call("GET", key("paused"))
  if found and string.sub(found, 1, 7) == "closed " and found ~= closed then
    redis.call("DEL", key("paused"), key("announcement"))
    redis.call("PUBLISH", key("announcement"), "")
  end
end
return 1
