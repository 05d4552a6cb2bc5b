-- How many bookings are in each slot, for runs of slots of one length.
-- KEYS 1 bookings.  ARGV start, length and number of slots, for each run.
-- Answers the numbers of the slots that have any, each with its count: a part without bookings is not looked into.

local WAYS = 8
local found = {}

local function look(base, start, length, first, count)
  local booked = redis.call('ZCOUNT', KEYS[1], start + first * length, '(' .. start + (first + count) * length)
  if booked == 0 then return end
  if count == 1 then
    found[#found + 1] = base + first
    found[#found + 1] = booked
    return
  end
  local step = math.ceil(count / WAYS)
  for part = first, first + count - 1, step do
    look(base, start, length, part, math.min(step, first + count - part))
  end
end

local base = 0
for i = 1, #ARGV, 3 do
  local count = tonumber(ARGV[i + 2])
  look(base, tonumber(ARGV[i]), tonumber(ARGV[i + 1]), 0, count)
  base = base + count
end
return found
