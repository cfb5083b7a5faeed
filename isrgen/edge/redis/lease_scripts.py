"""The one flight of a key, among machines."""

from __future__ import annotations

from typing import Final

from isrgen.edge.redis.script import script

ACQUIRE: Final = script(
    r"""#!lua
local held, now, seconds = redis.call('GET', KEYS[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if held then
  local ends, private, owner = string.match(held, '^(%S+) (%S+) (.*)$')
  if now < tonumber(private) then return 'private' end
  ends = tonumber(ends)
  local holds = now < ends and ends <= now + 10 * seconds
  if owner ~= '' and owner ~= ARGV[1] and holds then return 'taken' end
end
local value = string.format('%.6f 0 ', now + seconds) .. ARGV[1]
redis.call('SET', KEYS[1], value, 'PX', math.max(1, math.floor(seconds * 1000)))
return 'mine'
"""
)
"""KEYS: the lease. ARGV: owner, now, seconds. It ends by the caller's clock or by the server's,
whichever comes first."""

RELEASE: Final = script(
    r"""#!lua flags=allow-oom
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%S+ %S+ (.*)$') ~= ARGV[1] then return end
if tonumber(ARGV[2]) > 0 then
  redis.call('SET', KEYS[1], '0 ' .. ARGV[2] .. ' ', 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
"""
)
"""KEYS: the lease. ARGV: owner, until when it is private or 0, milliseconds to remember that."""
