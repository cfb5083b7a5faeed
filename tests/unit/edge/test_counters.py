"""Counting in one process and in several, in a file that outlives them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from isrgen.edge import counters as module
from isrgen.edge.counters import MOST_ROWS, Count, Counters

ROW = 256

COUNTING = """
import sys
from pathlib import Path
from isrgen.edge.counters import Count, Counters

counters = Counters(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        counters.cells[Count.HIT] += 1
    print("done", flush=True)
counters.close()
"""


class Worker:
    """A process that counts hits when it is told to."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard("ready")

    def count(self, hits: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{hits}\n")
        self.process.stdin.flush()
        self._heard("done")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._end()

    def _heard(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def _end(self) -> None:
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


@pytest.fixture
def worker() -> Iterator[Callable[[Path], Worker]]:
    made: list[Worker] = []

    def start(path: Path) -> Worker:
        made.append(Worker(path))
        return made[-1]

    yield start
    for each in made:
        if each.process.poll() is None:
            each.kill()


def test_without_a_file_the_counts_are_this_processs_own() -> None:
    counters, other = Counters(), Counters()
    counters.cells[Count.MISS] += 2
    counters.add(Count.RENDER_MICROSECONDS, 1500)
    assert counters.totals()[Count.MISS] == 2
    assert counters.totals()[Count.RENDER_MICROSECONDS] == 1500
    assert set(other.totals().values()) == {0}


def test_every_count_has_a_cell_and_none_is_the_owners() -> None:
    assert sorted(Count) == list(range(len(Count)))
    assert len(Count) < 31


def test_what_several_processes_count_is_added_up(tmp_path: Path, worker: Callable[[Path], Worker]) -> None:
    path = tmp_path / "counters"
    counters = Counters(path)
    one, two = worker(path), worker(path)
    one.count(1000)
    two.count(234)
    counters.cells[Count.HIT] += 1
    assert counters.totals()[Count.HIT] == 1235
    one.count(1)
    assert counters.totals()[Count.HIT] == 1236
    counters.close()


def test_processes_that_begin_at_once_get_a_row_each(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    script = COUNTING.replace("for line in sys.stdin:", "for line in ['1000']:").replace(
        'print("done", flush=True)', "sys.stdin.read()"
    )
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(8)
    ]
    for process in crowd:
        process.communicate(timeout=30)
    counters = Counters(path)
    assert counters.totals()[Count.HIT] == 8000
    counters.close()


@pytest.mark.parametrize("end", [Worker.kill, Worker.stop], ids=["killed", "stopped"])
def test_a_worker_that_ended_is_still_counted_and_its_successor_goes_on_in_its_row(
    tmp_path: Path, worker: Callable[[Path], Worker], end: Callable[[Worker], None]
) -> None:
    path = tmp_path / "counters"
    counters = Counters(path)
    for number in range(1, 6):
        one = worker(path)
        one.count(10)
        end(one)
        assert counters.totals()[Count.HIT] == 10 * number
    # What the file begins with, this process's row, and the one that five workers had in turn.
    assert path.stat().st_size == 3 * ROW
    counters.close()


def test_more_processes_than_there_are_rows_share_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    crowd = [Counters(tmp_path / "counters") for _ in range(6)]
    for counters in crowd:
        counters.cells[Count.HIT] += 1
    assert {counters.totals()[Count.HIT] for counters in crowd} == {6}
    assert (tmp_path / "counters").stat().st_size == 4 * ROW
    for counters in crowd:
        counters.close()


def test_the_file_is_bounded() -> None:
    assert (MOST_ROWS + 1) * ROW < 300_000


@pytest.mark.parametrize(
    "content",
    [b"x", b"not a file of counters" * 100, bytes(5 * ROW), b"\xff" * 10 * ROW],
    ids=["a byte", "text", "zeros", "ones"],
)
def test_a_file_that_is_something_else_is_replaced_and_not_cut(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "counters"
    path.write_bytes(content)
    with path.open("rb") as before:
        counters = Counters(path)
        counters.cells[Count.HIT] += 1
        assert counters.totals()[Count.HIT] == 1
        assert before.read() == content
    counters.close()


def test_counts_that_cannot_be_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    first = Counters(path)
    first.cells[Count.HIT] = 2**64 - 1
    second = Counters(path)
    second.cells[Count.HIT] += 1
    assert second.totals()[Count.HIT] == 1
    first.close()
    second.close()


def test_a_row_that_was_cut_off_in_the_middle_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    first = Counters(path)
    first.cells[Count.HIT] += 5
    first.close()
    with path.open("ab") as file:
        file.write(b"\xff" * 100)
    crowd = [Counters(path), Counters(path)]
    for counters in crowd:
        counters.cells[Count.HIT] += 1
        assert counters.totals()[Count.HIT] in (6, 7)
    assert crowd[0].totals()[Count.HIT] == 7
    for counters in crowd:
        counters.close()


def test_a_file_that_was_removed_is_still_added_up_by_those_who_have_it(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    one, two = Counters(path), Counters(path)
    path.unlink()
    one.cells[Count.HIT] += 1
    two.cells[Count.HIT] += 1
    assert one.totals()[Count.HIT] == two.totals()[Count.HIT] == 2
    one.close()
    two.close()


@pytest.mark.parametrize("kind", ["folder", "missing folder", "link"])
def test_where_there_can_be_no_file_this_process_counts_for_itself(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "counters"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "other").write_bytes(b"precious")
        path.symlink_to(tmp_path / "other")
    else:
        path = tmp_path / "nowhere" / "counters"
    counters = Counters(path)
    counters.cells[Count.HIT] += 3
    assert counters.totals()[Count.HIT] == 3
    assert "not added up" in caplog.text
    counters.close()
    if kind == "link":
        assert (tmp_path / "other").read_bytes() == b"precious"


FULL = """
import resource, signal, sys
from pathlib import Path
from isrgen.edge.counters import Count, Counters

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
counters = Counters(Path(sys.argv[1]))
counters.cells[Count.HIT] += 7
print(counters.totals()[Count.HIT])
"""


def test_a_full_disk_leaves_the_process_alive_and_counting_for_itself(tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: there is room for the first row alone."""
    path = tmp_path / "counters"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr
    counters = Counters(path)
    counters.cells[Count.HIT] += 1
    assert counters.totals()[Count.HIT] == 1
    counters.close()


def test_counting_after_the_end_counts_nowhere_and_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "counters"
    counters, other = Counters(path), Counters(path)
    held = counters.cells
    held[Count.HIT] += 1
    counters.close()
    counters.close()
    held[Count.PURGES] += 1
    counters.cells[Count.HIT] += 10
    counters.add(Count.HIT)
    assert other.totals()[Count.HIT] == 1
    assert counters.totals()[Count.HIT] == 12
    other.close()


def test_closing_gives_back_what_was_opened(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        counters = Counters(tmp_path / "counters")
        counters.totals()
        counters.close()
    del counters
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert (tmp_path / "counters").stat().st_size == 2 * ROW


def test_a_file_is_nobody_elses_to_read(tmp_path: Path) -> None:
    Counters(tmp_path / "counters").close()
    assert (tmp_path / "counters").stat().st_mode & 0o077 == 0
