-- The line of a service, seen at one moment.
-- KEYS 1 QUEUED, 2 ROUTING, 3 places, 4 claims.  Answers the two with scores, the places, and the ids in flight.

return {
  redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'),
  redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', KEYS[3]),
  redis.call('ZRANGE', KEYS[4], 0, -1),
}
