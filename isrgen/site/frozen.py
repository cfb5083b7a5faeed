"""Data that every render shares, and none can change.

Templates and loaders are given the very lists and dicts of the snapshot: a copy
for each render would cost what a site's data costs, and a change in place would
be seen by the next visitor. These compare, serialise and behave like a list and
a dict, but for whatever would change them, and a copy of one may be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NoReturn


def freeze(value: Any) -> Any:
    """The same value, dicts, lists and sets in it made read-only, however deep they lie.

    >>> freeze({"menu": [1]}) == {"menu": [1]}
    True
    """
    if isinstance(value, (FrozenDict, FrozenList)):
        return value
    if isinstance(value, dict):
        return FrozenDict((key, freeze(each)) for key, each in value.items())
    if isinstance(value, list):
        return FrozenList(map(freeze, value))
    if isinstance(value, tuple):
        return tuple(map(freeze, value)) if type(value) is tuple else value
    if isinstance(value, (set, frozenset)):
        return frozenset(value)
    return bytes(value) if isinstance(value, bytearray) else value


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(self: object, *arguments: Any, **named: Any) -> NoReturn:
        raise TypeError(
            "the site's data and front matter are shared by every visitor and cannot be changed; "
            "change a copy of them, as copy.deepcopy() makes"
        )

    refuse.__name__ = name
    return refuse


class FrozenDict(dict[Any, Any]):
    """A dict that stays as it was made."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = _refused("__setitem__")
    update = setdefault = pop = popitem = clear = _refused("update")

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return {deepcopy(key, memo): deepcopy(each, memo) for key, each in self.items()}

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (dict(self),))


class FrozenList(list[Any]):
    """A list that stays as it was made."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refused("__setitem__")
    append = extend = insert = remove = pop = clear = sort = reverse = _refused("append")

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [deepcopy(each, memo) for each in self]

    def __copy__(self) -> list[Any]:
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (list, (list(self),))
