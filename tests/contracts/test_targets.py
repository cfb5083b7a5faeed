"""What every deploy target owes, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from isrgen import targets
from isrgen.caching.policy import CachePolicy, Lifetime
from isrgen.errors import IsrgenError
from isrgen.manifest import Manifest, OutputFile, Redirect, Route
from isrgen.routing.pattern import Pattern
from isrgen.routing.strategy import Strategy

SECRET = "a-token-that-is-long-enough"


@pytest.fixture
def manifest() -> Manifest:
    """A static page, an asset, a kept page, a page that is not kept, and a redirect."""
    kept = CachePolicy(Lifetime(60, 600))
    return Manifest(
        build="b",
        base_url="https://example.org",
        trailing_slash=True,
        routes=(
            Route(Pattern.parse("/kept/[slug]/"), Strategy.ISR, "content/kept/[slug]+ssr.html", "", kept),
            Route(Pattern.parse("/live/"), Strategy.SSR, "content/live+ssr.html", ""),
        ),
        files=(
            OutputFile("index.html", "/", "text/html; charset=utf-8", '"1"', 1),
            OutputFile("assets/a.12345678.css", "/assets/a.12345678.css", "text/css", '"2"', 1, True),
        ),
        redirects=(Redirect(Pattern.parse("/old/[slug]/"), "/kept/[slug]/"),),
    )


@pytest.fixture
def dist(tmp_path: Path, manifest: Manifest) -> Path:
    for name in ("static/index.html", "static/assets/a.12345678.css", "server/app.py"):
        place = tmp_path / "dist" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
    (tmp_path / "dist" / "manifest.json").write_text(manifest.to_json())
    return tmp_path / "dist"


def _tree(folder: Path) -> Callable[[], dict[str, bytes]]:
    return lambda: {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_unknown_target_is_told_the_choices() -> None:
    with pytest.raises(IsrgenError) as caught:
        targets.load("vercell")
    assert str(caught.value) == (
        f"There is no deploy target called 'vercell'.\n  Choose one of: {', '.join(targets.names())}."
    )


@pytest.mark.parametrize("name", ["target", "bundle", "routes", "options", "../vercel", "", "vercel.emit"])
def test_what_is_no_target_cannot_be_loaded(name: str) -> None:
    with pytest.raises(IsrgenError):
        targets.load(name)


@pytest.mark.parametrize("name", targets.names())
class TestEveryTarget:
    def test_has_its_own_name_and_a_folder_inside_the_site(self, name: str) -> None:
        target = targets.load(name)
        assert target.name == name
        folder = PurePosixPath(target.folder)
        assert not folder.is_absolute()
        assert ".." not in folder.parts

    def test_emits_without_writing_the_same_files_each_time(
        self, name: str, manifest: Manifest, dist: Path
    ) -> None:
        tree = _tree(dist.parent)
        before = tree()
        first, second = (targets.load(name).emit(manifest, dist, {}) for _ in range(2))
        assert tree() == before
        assert {path: first.read(path) for path in first} == {path: second.read(path) for path in second}

    def test_keeps_a_secret_in_secret_files_alone(self, name: str, manifest: Manifest, dist: Path) -> None:
        bundle = targets.load(name).emit(manifest, dist, {}, secret=SECRET)
        assert all(SECRET.encode() not in bundle.read(path) for path in bundle)

    def test_refuses_an_option_that_it_does_not_know(self, name: str, manifest: Manifest, dist: Path) -> None:
        with pytest.raises(IsrgenError) as caught:
            targets.load(name).emit(manifest, dist, {"no-such-option": 1})
        assert f"[targets.{name}] has no key called `no-such-option`" in str(caught.value)

    def test_names_no_place_on_the_machine_that_built(
        self, name: str, manifest: Manifest, dist: Path
    ) -> None:
        bundle = targets.load(name).emit(manifest, dist, {})
        assert all(str(dist.parent).encode() not in bundle.read(path) for path in bundle)

    def test_says_how_to_go_on_without_credentials(self, name: str) -> None:
        target = targets.load(name)
        assert target.next_command({}, prod=False)
        assert target.next_command({}, prod=True)
