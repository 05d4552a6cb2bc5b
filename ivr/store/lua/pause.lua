-- Pause a service, or end its pause, and log who did it, in one step.
-- KEYS 1 paused, 2 events.  ARGV 1 length of the event stream, 2 '=' and the reason, or '-' to end the pause,
-- 3.. fields and values of the event.

if string.sub(ARGV[2], 1, 1) == '=' then
  redis.call('SET', KEYS[1], string.sub(ARGV[2], 2))
else
  redis.call('DEL', KEYS[1])
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
return 1
