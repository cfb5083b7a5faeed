"""``site.data`` in one render: the snapshot's data, which notes the names that are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from isrgen.caching.automatic import ALL_DATA, data_tag
from isrgen.site.frozen import FrozenDict

Note = Callable[[Sequence[str]], None]


class DataView(FrozenDict):
    """A dict, for templates and loaders treat it as one; what lies deeper is of one file and not noted.

    A name that is not there is noted too: the file may come. Iterating,
    printing, comparing or counting reads everything.
    """

    __slots__ = ("_note",)

    _note: Note

    def __init__(self, data: Mapping[str, Any], note: Note) -> None:
        super().__init__(data)
        self._note = note

    def _read_all(self) -> None:
        self._note((ALL_DATA, *map(data_tag, map(str, super().keys()))))

    def __getitem__(self, name: Any) -> Any:
        self._note((data_tag(str(name)),))
        return super().__getitem__(name)

    def get(self, name: Any, default: Any = None) -> Any:
        self._note((data_tag(str(name)),))
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note((data_tag(str(name)),))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[Any]:
        self._read_all()
        return super().__iter__()

    def __reversed__(self) -> Iterator[Any]:
        self._read_all()
        return super().__reversed__()

    def __len__(self) -> int:
        self._read_all()
        return super().__len__()

    def keys(self) -> Any:
        self._read_all()
        return super().keys()

    def values(self) -> Any:
        self._read_all()
        return super().values()

    def items(self) -> Any:
        self._read_all()
        return super().items()

    def copy(self) -> dict[Any, Any]:
        self._read_all()
        return super().copy()

    def __eq__(self, other: object) -> bool:
        self._read_all()
        return super().__eq__(other)

    def __or__(self, other: Any) -> dict[Any, Any]:
        self._read_all()
        return super().__or__(other)

    def __ror__(self, other: Any) -> dict[Any, Any]:
        self._read_all()
        return super().__ror__(other)

    def __repr__(self) -> str:
        self._read_all()
        return super().__repr__()

    __hash__ = None  # type: ignore[assignment]
