from pathlib import Path

from isrgen.dev.state import State
from isrgen.errors import Problem


def test_what_the_watcher_writes_the_worker_reads(tmp_path: Path) -> None:
    state = State(7, 5, (Problem("Not a date.", "Write it so.", "content/a.md", 3, 1), Problem("b")))
    state.write(tmp_path / "new" / "state.json")
    assert State.read(tmp_path / "new" / "state.json") == state
    State(8, 8, settled=False).write(tmp_path / "new" / "state.json")
    assert State.read(tmp_path / "new" / "state.json") == State(8, 8, settled=False)
