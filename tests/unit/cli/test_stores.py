"""A store that is wrong is told where it was named."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from isrgen.cli.stores import tried


@pytest.mark.parametrize(("from_environment", "place"), [(False, "'--store'"), (True, "'ISRGEN_STORE'")])
def test_a_wrong_store_is_told_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_environment: bool, place: str
) -> None:
    monkeypatch.setenv("ISRGEN_STORE", "paper:" if from_environment else "memory:")
    with pytest.raises(click.BadParameter) as caught:
        tried("paper:", tmp_path, shared=False)
    assert caught.value.format_message().startswith(
        f"Invalid value for {place}: There is no store for 'paper:'."
    )
