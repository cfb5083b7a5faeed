"""Purges, and the order of builds: what concerns the store as a whole."""

from __future__ import annotations

from typing import Final

from isrgen.edge.redis.script import ALWAYS, script

EPOCH: Final = script(ALWAYS + "open(ARGV[1], ARGV[2])\nreturn redis.call('HGET', book, 'epoch')\n")
"""ARGV: id and epoch of a new life."""

ANNOUNCE: Final = script(
    ALWAYS
    + r"""
open(ARGV[1], ARGV[2])
local all = redis.call('HGETALL', book)
local ranks, highest = {}, 0
for at = 1, #all, 2 do
  if string.sub(all[at], 1, 2) == 'r:' then
    ranks[#ranks + 1] = {tonumber(all[at + 1]), all[at]}
    highest = math.max(highest, tonumber(all[at + 1]))
  end
end
local rank = tonumber(ARGV[4])
if rank == 0 then
  local time = redis.call('TIME')
  rank = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), highest + 1)
end
local field = 'r:' .. ARGV[3]
rank = math.max(rank, tonumber(redis.call('HGET', book, field) or '0'))
redis.call('HSET', book, field, string.format('%.0f', rank))
table.sort(ranks, function(one, other) return one[1] > other[1] end)
for at = 100, #ranks do redis.call('HDEL', book, ranks[at][2]) end
return {id, string.format('%.0f', rank)}
"""
)
"""ARGV: id and epoch of a new life, build, its rank in an earlier life or 0. The id, the rank."""

PURGE: Final = script(
    ALWAYS
    + r"""
open(ARGV[1], ARGV[2])
keep(86400000)
local epoch = redis.call('HINCRBY', book, 'epoch', 1)
redis.call('ZADD', index, 0, string.format('p%016.0f', epoch) .. ARGV[3])
redis.call('ZREMRANGEBYLEX', index, '[p', string.format('[p%016.0f~', epoch - tonumber(ARGV[4])))
return id
"""
)
"""ARGV: id and epoch of a new life, the purge, how many are remembered. Notes a purge; the id."""

MARK: Final = script(
    ALWAYS
    + r"""
if id ~= ARGV[1] then return {} end
local tag, hard = ARGV[5], ARGV[6] == '1'

local function drop(entry, field, key, lost)
  redis.call('HDEL', entry, field, 'x' .. string.sub(field, 2))
  for at = 4, #lost do redis.call('ZREM', index, 't' .. lost[at] .. '\31' .. key) end
end

local function restore(entry, key, kept)
  local wanted, bytes = {}, 0
  for _, found in ipairs(kept) do
    wanted['b' .. found[2]] = true
    bytes = bytes + tonumber(found[3])
    for at = 4, #found do redis.call('ZADD', index, 0, 't' .. found[at] .. '\31' .. key) end
  end
  for _, name in ipairs(redis.call('HKEYS', entry)) do
    if string.sub(name, 1, 1) == 'b' and not wanted[name] then redis.call('HDEL', entry, name) end
  end
  redis.call('HSET', entry, 's', string.format('%.0f', bytes), 'n', #kept)
end

local function mark(entry, key)
  if not is_ours(redis.call('HGET', entry, 'g')) then return 'gone' end
  local all, kept, hit, lost = heads(entry), {}, false, false
  for at = 1, #all, 2 do
    if string.sub(all[at], 1, 1) == 'v' then
      local found = words(all[at + 1])
      local concerned = tag == ''
      for other = 4, #found do concerned = concerned or found[other] == tag end
      if concerned and (hard or found[1] == '404') then
        drop(entry, all[at], key, found)
        lost = true
      else
        kept[#kept + 1] = found
        if concerned then
          redis.call('HSET', entry, 'x' .. string.sub(all[at], 2), '1')
          hit = true
        end
      end
    end
  end
  if #kept == 0 then
    redis.call('UNLINK', entry)
    redis.call('ZREM', index, 'k' .. key)
    return 'removed'
  end
  if lost then restore(entry, key, kept) end
  if lost or hit then redis.call('HSET', entry, 'g', id .. ':' .. ARGV[7]) end
  return hit and 'held' or 'other'
end

local members, left = redis.call('ZRANGEBYLEX', index, ARGV[2], ARGV[3], 'LIMIT', 0, tonumber(ARGV[4])), {}
for _, member in ipairs(members) do
  local key = key_of(member)
  local outcome = mark(base .. 'e:' .. key, key)
  if outcome == 'held' then left[#left + 1] = key end
  if outcome == 'gone' then redis.call('ZREM', index, member) end
end
return {members[#members] or '', left}
"""
)
"""ARGV: the id at the purge, a range of the index, how many at most, tag or "", 1 for a hard purge, something
new. Where it came to, and the keys that hold something concerned still; nothing when the id is another."""
