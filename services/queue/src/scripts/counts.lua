-- How many jobs are in each state.
--
-- ARGV  1 user ("" = all)  2… states
-- Returns one number a state
local counts = {}
for index = 2, #ARGV do
  local set = ARGV[1] == "" and key("state", ARGV[index]) or key("userState", ARGV[1], ARGV[index])
  table.insert(counts, redis.call("ZCARD", set))
end
return counts
