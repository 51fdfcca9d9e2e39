-- Pauses or resumes intake.
--
-- ARGV  1 "1" pauses, "0" resumes
if ARGV[1] == "1" then redis.call("SET", key("paused"), "1") else redis.call("DEL", key("paused")) end
return 1
