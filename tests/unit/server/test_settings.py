"""The settings of a deployed server, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from isrgen.errors import IsrgenError
from isrgen.server.app import Settings, create_app, settings_from


def test_the_environment_names_store_cdn_and_token(tmp_path: Path) -> None:
    plain = settings_from({}, tmp_path)
    assert (plain.edge, plain.behind, plain.token, plain.store is not None) == (True, None, "", True)
    behind = settings_from(
        {
            "ISRGEN_BEHIND": "vercel",
            "ISRGEN_TOKEN": "t",
            "ISRGEN_STORE": "memory:",
            "ISRGEN_DRAFT_SECRET": "s",
        },
        tmp_path,
    )
    assert (plain.draft_secret, behind.draft_secret) == ("", "s")
    assert settings_from({"ISRGEN_DRAFT_SECRET": "s"}, tmp_path).draft_secret == "s"
    assert (behind.edge, behind.behind, behind.token, behind.store) == (False, "vercel", "t", None)


@pytest.mark.parametrize("environ", [{"ISRGEN_BEHIND": "acme"}, {"ISRGEN_STORE": "acme:x"}])
def test_a_value_that_means_nothing_is_told_with_the_choices(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="Choose one of"):
        settings_from(environ, tmp_path)


def test_a_folder_without_a_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(IsrgenError, match="isrgen build"):
        create_app(tmp_path, Settings(edge=False))


def test_an_edge_without_a_store_is_told(kit: Any) -> None:
    with pytest.raises(IsrgenError, match="no store"):
        kit.app(store=None)


def test_a_trusted_proxy_that_is_no_address_is_told(kit: Any) -> None:
    kit.change(trusted_proxies=("proxy.local",))
    with pytest.raises(IsrgenError, match=r"proxy\.local"):
        kit.app()


def test_granians_hooks_start_and_stop_the_app(kit: Any) -> None:
    app = kit.app()
    loop = asyncio.new_event_loop()
    app.__rsgi_init__(loop)
    assert app._started
    app.__rsgi_del__(loop)
    loop.close()


def test_data_path_looks_in_the_given_roots_before_the_included_files(kit: Any) -> None:
    (kit.root / "site").mkdir()
    (kit.root / "site/app.db").write_text("site")
    kit.write("files/app.db", "copy")
    kit.write("files/other.db", "copy")
    kit.write(
        "content/m.py", "from isrgen import data_path\ndef read(name): return data_path(name).read_text()\n"
    )
    app = kit.app(data_roots=(kit.root / "site",))
    read = app.renderer._parts.modules.load("content/m.py").read
    assert (read("app.db"), read("other.db")) == ("site", "copy")
