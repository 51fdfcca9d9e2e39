-- Drops ended jobs from a user's history. Ids that are not theirs or have not ended are ignored.
--
-- ARGV  1 user  2… ids; none = all
-- Returns how many were dropped
local user = ARGV[1]
local ids = {}
if #ARGV == 1 then
  ids = redis.call("ZRANGE", key("userEnded", user), 0, -1)
else
  for index = 2, #ARGV do table.insert(ids, ARGV[index]) end
end
local dropped = 0
for _, id in ipairs(ids) do
  if redis.call("ZSCORE", key("userEnded", user), id) then
    local job = drop_ended(user, id)
    if job then emit_state(job, "deleted") end
    dropped = dropped + 1
  end
end
return dropped
