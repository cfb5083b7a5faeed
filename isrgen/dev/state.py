"""What the watcher tells the worker: the number of the last build, and the problems it found.

A small file in ``.isrgen/dev``, replaced whole.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from isrgen.errors import Problem


@dataclass(frozen=True, slots=True)
class State:
    """``number`` rises with every build, also from one run of ``isrgen dev`` to the next.

    ``good`` is the number of the last build that worked, 0 where none has;
    ``problems`` are empty when ``number`` is ``good``. ``settled`` is False
    while a worker of the build before may still answer.
    """

    number: int
    good: int
    problems: tuple[Problem, ...] = ()
    settled: bool = True

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = file.with_suffix(".new")
        staged.write_text(json.dumps(asdict(self)), encoding="utf-8")
        staged.replace(file)

    @classmethod
    def read(cls, file: Path) -> State:
        data = json.loads(file.read_text(encoding="utf-8"))
        problems = tuple(Problem(**problem) for problem in data["problems"])
        return cls(data["number"], data["good"], problems, data["settled"])
