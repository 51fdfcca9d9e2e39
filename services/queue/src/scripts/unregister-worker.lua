-- Takes a worker off the list, and its object_info with it when nobody else has the same.
--
-- ARGV  1 name
forget_worker(ARGV[1])
return 1
