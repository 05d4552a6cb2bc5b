-- The right to dial a callback.
-- KEYS 1 record, 2 claims.  ARGV 1 id, 2 holder (worker and this call), 3 now, 4 end of the lease,
-- 5 '1' to take over what a dead worker left ROUTING or PROCESSING.
-- Answers {fence, version, body}, or nothing.

local record = redis.call('HMGET', KEYS[1], 'state', 'fence', 'version', 'body', 'holder')
local state, fence, version, body, holder = record[1], record[2], record[3], record[4], record[5]

if state ~= 'QUEUED' and not (ARGV[5] == '1' and (state == 'ROUTING' or state == 'PROCESSING')) then
  return false
end

local lease = redis.call('ZSCORE', KEYS[2], ARGV[1])
if lease and tonumber(lease) > tonumber(ARGV[3]) then
  if holder == ARGV[2] then return { tonumber(fence), version, body } end -- our own claim, whose answer was lost
  return false
end

fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'holder', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return { fence, version, body }
