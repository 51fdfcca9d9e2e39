-- Says something to everybody, or takes it back.
--
-- ARGV  1 the text; "" takes it back
if ARGV[1] == "" then
  redis.call("DEL", key("announcement"))
else
  redis.call("SET", key("announcement"), ARGV[1])
end
redis.call("PUBLISH", key("announcement"), "")
return 1
