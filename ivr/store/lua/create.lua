-- A new callback. ARGV 14 '1' to look only whether it would be admitted.
-- Answers ok, stale, or what refuses it: paused, many, value, pending, taken, full.

local wrote = redis.call('HGET', KEYS[1], 'wrote')
if wrote then
  if wrote == ARGV[5] then return { 'ok', 1 } end -- our own write, whose answer was lost
  return { 'stale' }
end

local refused = is_paused() or too_many_lately() or too_many_of_a_value() or too_many_pending() or slot_is_taken()
  or line_is_full()
if refused then return refused end
if ARGV[14] == '1' then return { 'ok', 0 } end

-- First what a server without memory refuses: after a deletion it would let everything pass.
local written = write(1, nil, nil)
count_as_accepted()

-- Records whose time is over have left by themselves; forget a few of their ids, more than one write adds.
local over = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', redis.call('TIME')[1], 'LIMIT', 0, 10)
if #over > 0 then
  redis.call('ZREM', KEYS[5], unpack(over))
  redis.call('ZREM', KEYS[STATE_KEY.COMPLETED], unpack(over))
end
-- Slots of yesterday are of no use to anybody.
redis.call('ZREMRANGEBYSCORE', KEYS[8], '-inf', tonumber(ARGV[13]) - 86400)
return written
