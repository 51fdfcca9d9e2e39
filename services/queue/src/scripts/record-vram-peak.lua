-- Notes how much GPU memory a job with these models took at its peak.
--
-- ARGV  1 models, one a line  2 peak (MiB)  3 peaks kept of one set of models  4 sets kept
local noted = redis.call("HGET", key("vramPeaks"), ARGV[1])
if not noted and redis.call("HLEN", key("vramPeaks")) >= tonumber(ARGV[4]) then return 0 end
local peaks = noted and cjson.decode(noted) or {}
peaks[#peaks + 1] = tonumber(ARGV[2])
while #peaks > tonumber(ARGV[3]) do table.remove(peaks, 1) end
redis.call("HSET", key("vramPeaks"), ARGV[1], cjson.encode(peaks))
return 1
