"""What lies in Redis, and what every script begins with: a script runs inside Redis, and nothing between.

Under the prefix lie:

* ``book``, a hash: ``id`` of this life of the store, ``run`` (the server it
  began on), ``epoch`` (the number of the last purge), ``r:BUILD`` ranks.
* ``index``, a sorted set read by the alphabet: ``i`` and the id; ``k`` and a
  key; ``t``, a tag, 0x1f and a key; ``p``, a number and a purge.
* ``e:KEY``, a hash: ``g`` the generation (the id, a colon, something new at
  every change), ``s`` bytes, ``n`` variants; per variant ``vN`` its head and,
  once purged softly, ``xN``; ``b`` and a digest: a body.
* ``l:NAME``, a lease.

A head begins with what the scripts look at, between 0x1f, and goes on after
0x1e. Redis may evict any of these at any moment, each as a whole. An entry
counts only while book and index carry its id, so one whose index is lost is
lost too, and what an index names in vain is let go in passing. A server that
was restarted has another run id: nobody knows which purges it has forgotten,
and the store begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from typing import Final

_PRELUDE: Final = r"""
local book, index = KEYS[1], KEYS[2]
local base = string.sub(book, 1, -5)
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local facts = redis.call('HMGET', book, 'id', 'run')
local id = facts[1] or ''
if id ~= '' and (facts[2] ~= run or not redis.call('ZSCORE', index, 'i' .. id)) then id = '' end

local function is_ours(generation)
  return generation and id ~= '' and string.sub(generation, 1, #id + 1) == id .. ':'
end

local function keep(ms)
  redis.call('PEXPIRE', book, ms, 'GT')
  redis.call('PEXPIRE', index, ms, 'GT')
end

local function open(fresh, epoch)
  if id ~= '' then return end
  redis.call('UNLINK', book, index)
  id = fresh
  redis.call('HSET', book, 'id', id, 'run', run, 'epoch', epoch)
  redis.call('ZADD', index, 0, 'i' .. id)
  redis.call('PEXPIRE', book, 86400000)
  redis.call('PEXPIRE', index, 86400000)
end

local function key_of(member)
  if string.sub(member, 1, 1) == 'k' then return string.sub(member, 2) end
  return string.match(member, '\31(.*)$')
end

local function words(head)
  local found = {}
  for word in string.gmatch(string.match(head, '^[^\30]*'), '[^\31]+') do found[#found + 1] = word end
  return found
end

local function heads(entry)
  local names = {}
  for _, name in ipairs(redis.call('HKEYS', entry)) do
    if string.match(name, '^[gvx]') then names[#names + 1] = name end
  end
  local found = {}
  if #names == 0 then return found end
  for place, value in ipairs(redis.call('HMGET', entry, unpack(names))) do
    found[#found + 1] = names[place]
    found[#found + 1] = value
  end
  return found
end
"""

READS: Final = "#!lua flags=no-writes\n" + _PRELUDE
WRITES: Final = "#!lua\n" + _PRELUDE
ALWAYS: Final = "#!lua flags=allow-oom\n" + _PRELUDE
"""For what makes room or has to get through, also where Redis has no memory left."""


@dataclass(frozen=True, slots=True)
class Script:
    """``sha`` is the name by which Redis knows the text."""

    text: str
    sha: str


def script(text: str) -> Script:
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
