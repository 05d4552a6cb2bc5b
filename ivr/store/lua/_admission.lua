-- Put between _record.lua and create.lua or save.lua: the conditions of ADMISSION. Each answers nil when it is met,
-- else the answer that refuses.

local function count_from(k, after)
  return redis.call('ZCOUNT', KEYS[k], '(' .. after, '+inf')
end

-- The time of the entry that has to leave a window so that one more may come.
local function leaves_next(k, after, count, limit)
  return redis.call('ZRANGEBYSCORE', KEYS[k], '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', count - limit, 1)[2]
end

local function is_paused()
  local reason = redis.call('GET', KEYS[10])
  if reason then return { 'paused', reason } end
end

-- windows: {limit, from when on is counted}
local function too_many_lately()
  for i, window in ipairs(ADMISSION.windows or {}) do
    local limit, after = window[1], window[2]
    local count = count_from(9, after)
    if count >= limit then return { 'many', i, count, leaves_next(9, after, count, limit) } end
  end
end

local function too_many_of_a_value()
  local limit, after = ADMISSION.max_of_value, ADMISSION.values_after
  for i = 1, VALUES do
    local k = FIRST_VALUE + i - 1
    local count = count_from(k, after)
    if count >= limit then return { 'value', i, count, leaves_next(k, after, count, limit) } end
  end
end

local function too_many_pending()
  if not ADMISSION.max_pending then return nil end
  local members = redis.call('ZRANGEBYLEX', KEYS[3], '[' .. NUMBER .. ' ', '(' .. NUMBER .. '!')
  if #members < ADMISSION.max_pending then return nil end
  local answer = { 'pending' }
  for _, member in ipairs(members) do
    answer[#answer + 1] = string.sub(member, #NUMBER + 2)
  end
  return answer
end

-- slot: {start, end, capacity}; a place that this callback has in it already is its own.
local function slot_is_taken()
  local slot = ADMISSION.slot
  if not slot then return nil end
  local booked = redis.call('ZCOUNT', KEYS[8], slot[1], '(' .. slot[2])
  local own = tonumber(redis.call('ZSCORE', KEYS[8], ID) or nil)
  if own and own >= tonumber(slot[1]) and own < tonumber(slot[2]) then booked = booked - 1 end
  if booked >= slot[3] then return { 'taken', booked } end
end

local function line_is_full()
  if not ADMISSION.max_queued or STATE ~= 'QUEUED' then return nil end
  local waiting = redis.call('ZCARD', KEYS[STATE_KEY.QUEUED]) + redis.call('ZCARD', KEYS[STATE_KEY.ROUTING])
  if waiting >= ADMISSION.max_queued then return { 'full', waiting } end
end

-- Count an accepted callback in its windows.
local function count_as_accepted()
  if ADMISSION.windows_after then
    redis.call('ZADD', KEYS[9], ARGV[13], ID)
    redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', ADMISSION.windows_after)
    redis.call('EXPIRE', KEYS[9], ADMISSION.windows_s)
  end
  for i = FIRST_VALUE, FIRST_VALUE + VALUES - 1 do
    redis.call('ZADD', KEYS[i], ARGV[13], ID)
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ADMISSION.values_after)
    redis.call('EXPIRE', KEYS[i], ADMISSION.values_s)
  end
end
