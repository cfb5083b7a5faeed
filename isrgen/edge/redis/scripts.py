"""What is done to entries."""

from __future__ import annotations

from typing import Final

from isrgen.edge.redis.script import ALWAYS, READS, WRITES, script

CHECK: Final = script(
    READS
    + r"""
local found = {id}
for place = 3, #KEYS do
  local facts = redis.call('HMGET', KEYS[place], 'g', 's')
  local ours = is_ours(facts[1])
  found[#found + 1] = ours and facts[1] or ''
  found[#found + 1] = ours and facts[2] or '0'
end
return found
"""
)
"""KEYS: book, index, entries. The id, then for each entry its generation and its size."""

FETCH: Final = script(
    READS
    + r"""
if not is_ours(redis.call('HGET', KEYS[3], 'g')) then return {} end
return redis.call('HGETALL', KEYS[3])
"""
)
"""KEYS: book, index, entry. Everything of the entry."""

HEADS: Final = script(
    ALWAYS
    + r"""
open(ARGV[1], ARGV[2])
if not is_ours(redis.call('HGET', KEYS[3], 'g')) then redis.call('UNLINK', KEYS[3]) end
local epoch = tonumber(redis.call('HGET', book, 'epoch'))
local since = tonumber(ARGV[3]) > epoch and '[p' or string.format('[p%016.0f', tonumber(ARGV[3]) + 1)
return {
  redis.call('HGETALL', book),
  heads(KEYS[3]),
  ARGV[3] == '-1' and {} or redis.call('ZRANGEBYLEX', index, since, '(q'),
}
"""
)
"""KEYS: book, index, entry. ARGV: id and epoch of a new life; an epoch, or -1. The book, the heads,
the purges since that epoch."""

_COMMIT: Final = r"""
local entry, key = KEYS[3], ARGV[1]
local now = redis.call('HMGET', entry, 'g')[1] or ''
if id ~= ARGV[2] or redis.call('HGET', book, 'epoch') ~= ARGV[3] or now ~= ARGV[4] then return 0 end
local place = 8
local function batch(each)
  local count = tonumber(ARGV[place])
  for at = place + 1, place + count do each(ARGV[at]) end
  place = place + count + 1
  return count
end
batch(function(tag) redis.call('ZREM', index, 't' .. tag .. '\31' .. key) end)
local added = batch(function(tag) redis.call('ZADD', index, 0, 't' .. tag .. '\31' .. key) end)
batch(function(field) redis.call('HDEL', entry, field) end)
if place > #ARGV then
  redis.call('UNLINK', entry)
  redis.call('ZREM', index, 'k' .. key)
  return 1
end
local ttl = tonumber(ARGV[6])
redis.call('HSET', entry, 'g', ARGV[5], 's', ARGV[7], unpack(ARGV, place))
if now == '' then
  redis.call('PEXPIRE', entry, ttl)
  redis.call('ZADD', index, 0, 'k' .. key)
  added = added + 1
else
  redis.call('PEXPIRE', entry, ttl, 'GT')
end
keep(math.max(ttl + 60000, 86400000))
if added > 0 then
  for _, member in ipairs(redis.call('ZRANDMEMBER', index, 2 * added + 2)) do
    local named = string.match(member, '^[kt]') and key_of(member)
    if named and redis.call('EXISTS', base .. 'e:' .. named) == 0 then redis.call('ZREM', index, member) end
  end
end
return 1
"""
PUT: Final = script(WRITES + _COMMIT)
REMOVE: Final = script(ALWAYS + _COMMIT)
"""KEYS: book, index, entry. ARGV: the key; id, epoch and generation it was decided upon; the new generation,
milliseconds to live, bytes; three lists, each after its length: tags gone, tags new, fields gone; then fields
with their values, or nothing to remove the entry.
Whether it was done: not when anything has changed since."""

LIST: Final = script(
    READS
    + r"""
local found, last = {}, ''
for _, member in ipairs(redis.call('ZRANGEBYLEX', index, ARGV[1], ARGV[2], 'LIMIT', 0, tonumber(ARGV[3]))) do
  last = member
  local key = key_of(member)
  local entry = base .. 'e:' .. key
  local facts = redis.call('HMGET', entry, 'g', 's', 'n')
  if is_ours(facts[1]) then
    found[#found + 1] = {key, facts[2], facts[3], ARGV[4] == '1' and heads(entry) or {}}
  end
end
return {last, found}
"""
)
"""ARGV: a range of the index, how many at most, 1 for heads too. Where it came to;
keys, bytes, variants, heads."""

DISCARD: Final = script("#!lua flags=allow-oom\nreturn redis.call('UNLINK', KEYS[1])\n")
"""KEYS: an entry that cannot be read."""
