-- A changed callback. ARGV 14 the version it was read at, 15 the fence of the writer's claim ('' without one).
-- Answers ok, stale, or what refuses it: pending, taken, full.

local old = redis.call('HMGET', KEYS[1], 'version', 'state', 'number', 'fence', 'wrote')
local version, old_state, old_number, fence, wrote = old[1], old[2], old[3], old[4], old[5]

if not version then return { 'stale' } end
if wrote == ARGV[5] and tonumber(version) == tonumber(ARGV[14]) + 1 then
  return { 'ok', tonumber(version) } -- our own write, whose answer was lost
end
if version ~= ARGV[14] then return { 'stale' } end
if ARGV[15] ~= '' and fence ~= ARGV[15] then return { 'stale' } end

local refused = (old_number ~= NUMBER and too_many_pending()) or slot_is_taken()
  or (old_state == 'SCHEDULED' and line_is_full())
if refused then return refused end

return write(tonumber(version) + 1, old_state, old_number)
