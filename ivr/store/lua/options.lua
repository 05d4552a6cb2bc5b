-- Change options of a service and log who did it, in one step.
-- KEYS 1 options, 2 events.  ARGV 1 length of the event stream, 2 how many options, then name and value of each
-- ('=' and the value, or '-' to fall back to the file), then fields and values of the event.

local last = 2 + 2 * tonumber(ARGV[2])
for i = 3, last, 2 do
  if string.sub(ARGV[i + 1], 1, 1) == '=' then
    redis.call('HSET', KEYS[1], ARGV[i], string.sub(ARGV[i + 1], 2))
  else
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, last + 1))
return 1
