-- A changed callback. ARGV 12 the version it was read at, 13 the fence of the writer's claim ('' without one).
-- Answers ok, stale or pending.

local old = redis.call('HMGET', KEYS[1], 'version', 'state', 'number', 'fence', 'wrote')
local version, old_state, old_number, fence, wrote = old[1], old[2], old[3], old[4], old[5]

if not version then return { 'stale' } end
if wrote == ARGV[5] and tonumber(version) == tonumber(ARGV[12]) + 1 then
  return { 'ok', tonumber(version) } -- our own write, whose answer was lost
end
if version ~= ARGV[12] then return { 'stale' } end
if ARGV[13] ~= '' and fence ~= ARGV[13] then return { 'stale' } end

if old_number ~= NUMBER then
  local refused = too_many_pending()
  if refused then return refused end
end

return write(tonumber(version) + 1, old_state, old_number)
