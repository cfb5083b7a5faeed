"""The build's memory makes a build faster and never wrong."""

from pathlib import Path

from isrgen.build.state import State


def test_what_one_build_kept_the_next_one_knows(tmp_path: Path) -> None:
    with State(tmp_path / "build.sqlite") as state:
        state.keep([], {"k": "text"})
    with State(tmp_path / "build.sqlite") as state:
        assert state.get(["k", "other"]) == {"k": "text"}


def test_a_clean_build_knows_nothing(tmp_path: Path) -> None:
    with State(tmp_path / "build.sqlite") as state:
        state.keep([], {"k": "text"})
    with State(tmp_path / "build.sqlite", clean=True) as state:
        assert state.get(["k"]) == {}


def test_a_text_that_no_build_uses_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "build.sqlite"
    with State(file) as state:
        state.keep([], {"used": "1", "unused": "2"})
    for _ in range(5):
        with State(file) as state:
            state.keep(["used"], {"other": "3"})
    with State(file) as state:
        assert state.get(["used", "unused"]) == {"used": "1"}


def test_a_damaged_file_is_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "build.sqlite"
    file.write_bytes(b"this is not a database" * 500)
    with State(file) as state:
        state.keep([], {"k": "text"})
    with State(file) as state:
        assert state.get(["k"]) == {"k": "text"}


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with State(tmp_path / "file" / "build.sqlite") as state:
        state.keep([], {"k": "text"})
        assert state.get(["k"]) == {"k": "text"}


def test_git_is_kept_from_the_folder_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / ".isrgen"
    with State(folder / "build.sqlite"):
        assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("!edge\n")
    with State(folder / "build.sqlite"):
        assert (folder / ".gitignore").read_text() == "!edge\n"
