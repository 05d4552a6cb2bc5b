-- How many bookings are in each slot, for runs of slots of one length.
-- KEYS 1 bookings.  ARGV start, length and number of slots, for each run.

local counts = {}
for i = 1, #ARGV, 3 do
  local start, length = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  for n = 0, tonumber(ARGV[i + 2]) - 1 do
    local from = string.format('%.0f', start + n * length)
    local to = string.format('(%.0f', start + (n + 1) * length)
    counts[#counts + 1] = redis.call('ZCOUNT', KEYS[1], from, to)
  end
end
return counts
