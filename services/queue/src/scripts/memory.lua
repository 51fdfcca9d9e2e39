-- Bytes that the queue's graphs and results take.
--
-- Returns {of jobs that have not ended, of history}
local history = 0
for _, bytes in ipairs(redis.call("HVALS", key("historyBytes"))) do history = history + bytes end
return { tonumber(redis.call("GET", key("waitingBytes")) or 0), history }
