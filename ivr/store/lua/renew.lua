-- Keep a claim for longer. KEYS 1 record, 2 claims.  ARGV 1 id, 2 fence, 3 end of the lease.  Answers 1, or 0 if lost.

if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] then return 0 end
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
