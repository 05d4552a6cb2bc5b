-- A new callback. ARGV 12 max_queued ('' for any). Answers ok, pending or full.

local wrote = redis.call('HGET', KEYS[1], 'wrote')
if wrote then
  if wrote == ARGV[5] then return { 'ok', 1 } end -- our own write, whose answer was lost
  return { 'stale' }
end

local refused = too_many_pending()
if refused then return refused end

if ARGV[12] ~= '' and STATE == 'QUEUED' then
  local waiting = redis.call('ZCARD', KEYS[STATE_KEY.QUEUED]) + redis.call('ZCARD', KEYS[STATE_KEY.ROUTING])
  if waiting >= tonumber(ARGV[12]) then return { 'full', waiting } end
end

-- Records whose time is over have left by themselves; forget a few of their ids, more than one write adds.
local over = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', redis.call('TIME')[1], 'LIMIT', 0, 10)
if #over > 0 then
  redis.call('ZREM', KEYS[5], unpack(over))
  redis.call('ZREM', KEYS[STATE_KEY.COMPLETED], unpack(over))
end

return write(1, nil, nil)
