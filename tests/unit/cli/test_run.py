import subprocess
import sys

import click
import pytest

from isrgen.cli.run import INTERRUPTED, _tell
from isrgen.errors import IsrgenError, Problem


def test_a_mistake_of_ours_is_one_short_message_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert _tell(ValueError("a cup is no saucer"), debug=False) == 1
    told = capsys.readouterr().err
    assert told.startswith("isrgen itself failed: ValueError: a cup is no saucer\n")
    assert "--debug" in told
    assert "Traceback" not in told


def test_a_file_the_machine_refuses_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert _tell(PermissionError(13, "Permission denied", "dist/x"), debug=False) == 1
    assert capsys.readouterr().err.startswith("dist/x: Permission denied.\n")


def test_problems_are_told_sorted_and_counted_and_debug_adds_the_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems = [Problem("Later.", "", "content/b.md", 2), Problem("Earlier.", "Mend it.", "content/a.md", 9)]
    assert _tell(IsrgenError(problems), debug=False) == 1
    assert capsys.readouterr().err == (
        "content/a.md:9: Earlier.\n  Mend it.\n\ncontent/b.md:2: Later.\n\n2 problems.\n"
    )
    assert _tell(IsrgenError(problems), debug=True) == 1
    assert "IsrgenError" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_says_nothing_and_exits_as_shells_expect(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _tell(error, debug=False) == INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_went_away_is_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "isrgen.cli", "--help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""
