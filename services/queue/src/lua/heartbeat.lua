-- Extends the lease of a claim.
-- ARGV[2] job  [3] worker  [4] attempt
-- Returns {'OK'}
-- Codes: LEASE_LOST
local job = held(ARGV[2], ARGV[3], ARGV[4])
if not job then return { 'LEASE_LOST' } end
redis.call('ZADD', key('leases'), now() + settings.leaseMs, job.id)
return { 'OK' }
