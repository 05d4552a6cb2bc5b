-- Put before create.lua and save.lua: how a record and all that points at it are written.
--
-- KEYS   1 record, 2 events, 3 pending, 4 unfinished, 5 finished, 6 places, 7 claims, 8 bookings, 9 accepted,
--        10 paused, 11 to 15 the states in the order of STATE_KEY, 16.. the values of ADMISSION, then the lookups
-- ARGV   1 id, 2 state, 3 number, 4 body, 5 digest of this write, 6 asked_at, 7 place ('' when not in line),
--        8 expires_at, 9 kept_until, 10 admission (JSON, '' without conditions), 11 length of the event stream,
--        12 booked time ('' when it takes no place in a slot), 13 created_at, 14 and 15 the script's own,
--        16.. fields and values of the event

local ID, STATE, NUMBER = ARGV[1], ARGV[2], ARGV[3]
local STATE_KEY = { SCHEDULED = 11, QUEUED = 12, ROUTING = 13, PROCESSING = 14, COMPLETED = 15 }
local FIRST_VALUE = 16
local ADMISSION = ARGV[10] ~= '' and cjson.decode(ARGV[10]) or {}
local VALUES = ADMISSION.values or 0
-- A lookup key outlives its records a little: unfinished ones are ended some time after they expire.
local LOOKUP_GRACE_S = 2 * 86400

local function index_lookups()
  local until_s = math.ceil(tonumber(ARGV[9])) + LOOKUP_GRACE_S
  local now_s = tonumber(redis.call('TIME')[1])
  for i = FIRST_VALUE + VALUES, #KEYS do
    redis.call('ZADD', KEYS[i], ARGV[6], ID)
    local ttl_s = redis.call('TTL', KEYS[i])
    if ttl_s < 0 or ttl_s < until_s - now_s then
      redis.call('EXPIREAT', KEYS[i], until_s)
    end
  end
end

local function leave_line()
  redis.call('HDEL', KEYS[6], ID)
  redis.call('ZREM', KEYS[7], ID)
end

local function write(version, old_state, old_number)
  redis.call('HSET', KEYS[1], 'body', ARGV[4], 'version', version, 'state', STATE, 'number', NUMBER, 'wrote', ARGV[5])
  if old_state and old_state ~= STATE then
    redis.call('ZREM', KEYS[STATE_KEY[old_state]], ID)
  end
  redis.call('ZADD', KEYS[STATE_KEY[STATE]], ARGV[6], ID)
  if old_number and (old_number ~= NUMBER or STATE == 'COMPLETED') then
    redis.call('ZREM', KEYS[3], old_number .. ' ' .. ID)
  end
  if STATE == 'COMPLETED' then
    leave_line()
    redis.call('ZREM', KEYS[4], ID)
    redis.call('ZADD', KEYS[5], ARGV[9], ID)
    redis.call('EXPIREAT', KEYS[1], math.ceil(tonumber(ARGV[9])))
  else
    redis.call('ZADD', KEYS[3], 0, NUMBER .. ' ' .. ID)
    redis.call('ZADD', KEYS[4], ARGV[8], ID)
    if STATE == 'SCHEDULED' then
      leave_line()
    elseif ARGV[7] ~= '' then
      redis.call('HSET', KEYS[6], ID, ARGV[7])
    else
      redis.call('HDEL', KEYS[6], ID) -- PROCESSING: out of the line, still in the hands of its worker
    end
  end
  if ARGV[12] ~= '' then
    redis.call('ZADD', KEYS[8], ARGV[12], ID)
  elseif old_state then
    redis.call('ZREM', KEYS[8], ID)
  end
  index_lookups()
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[11], '*', unpack(ARGV, 16))
  return { 'ok', version }
end
