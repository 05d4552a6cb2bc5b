-- Give a claim back. KEYS 1 record, 2 claims.  ARGV 1 id, 2 fence.  Nothing happens if somebody else has it by now.

if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] then return 0 end
return redis.call('ZREM', KEYS[2], ARGV[1])
