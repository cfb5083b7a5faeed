"""``isrgen deploy``: what a dry run lists is what a real run writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "templates/page.html": "<!doctype html><title>t</title>{{ content }}",
    "content/index.md": "Hello.",
    "content/about.md": "Us.",
    "static/robots.txt": "User-agent: *\n",
}


@pytest.fixture
def site(make_site: Callable[..., Path]) -> Path:
    return make_site(FILES)


def tree(site: Path) -> dict[str, bytes]:
    """Every file of the site but the build's cache."""
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and ".isrgen" not in path.relative_to(site).parts
    }


def listed(text: str) -> list[str]:
    return sorted(re.findall(r"^\d[\d.]* k?B +(\S+)$", text, re.MULTILINE))


def test_a_dry_run_lists_what_a_run_writes_and_writes_nothing(
    site: Path, isrgen: Callable[..., object]
) -> None:
    before = tree(site)
    dry = isrgen("deploy", "--site", site, "--target", "vercel", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "nothing was written" in dry.stdout
    assert dry.stderr == ""
    assert tree(site) == before
    done = isrgen("deploy", "--site", site, "--target", "vercel")
    assert done.returncode == 0, done.stderr
    output = site / ".vercel" / "output"
    written = [path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()]
    assert listed(dry.stdout) == sorted(written)
    assert {"config.json", "static/index.html", "static/robots.txt"} <= set(written)


def test_a_dry_run_lists_the_files_of_the_site_and_sums_up_the_runtime(
    make_site: Callable[..., Path], isrgen: Callable[..., object]
) -> None:
    loader = "from isrgen import Response\ndef loader():\n    return Response('now')\n"
    site = make_site(FILES | {"content/now+ssr.py": loader})
    dry = isrgen("deploy", "--site", site, "--target", "vercel", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    function = "functions/__server.func"
    assert f" {function}/content/now+ssr.py\n" in dry.stdout
    assert f"{function}/isrgen/caching" not in dry.stdout
    [runtime] = re.findall(rf"kB +{function}/isrgen/ \((\d+) files: isrgen's own runtime\)\n", dry.stdout)
    [total] = re.findall(r"\n(\d+) files, .* nothing was written\.\n", dry.stdout)
    assert "Python packages" in dry.stderr
    assert isrgen("build", "--site", site).returncode == 0
    modules = list((site / "dist" / "server" / "isrgen").rglob("*.py"))
    assert int(runtime) == len(modules) > 50
    assert int(total) == int(runtime) + len(listed(dry.stdout))


def test_without_credentials_the_next_command_is_printed(site: Path, isrgen: Callable[..., object]) -> None:
    for arguments in ([], ["--prod"]):
        done = isrgen("deploy", "--site", site, "--target", "vercel", *arguments)
        assert done.returncode == 0
        command = done.stdout.splitlines()[-1]
        assert "vercel deploy --prebuilt" in command
        assert ("--prod" in command) is bool(arguments)


def test_without_a_build_the_last_one_is_taken(site: Path, isrgen: Callable[..., object]) -> None:
    assert isrgen("build", "--site", site, "--out", "public").returncode == 0
    (site / "content" / "late.md").write_text("Late.")
    done = isrgen(
        "deploy", "--site", site, "--out", "public", "--target", "vercel", "--no-build", "--dry-run"
    )
    assert "static/about/index.html" in done.stdout
    assert "late" not in done.stdout


def test_build_writes_the_files_of_every_configured_target(
    make_site: Callable[..., Path], isrgen: Callable[..., object]
) -> None:
    site = make_site(FILES | {"isrgen.toml": '[targets.vercel]\nproject = "my-site"\n[targets.nginx]\n'})
    done = isrgen("build", "--site", site)
    assert done.returncode == 0, done.stderr
    assert "to .vercel/output." in done.stdout
    assert (site / ".vercel" / "output" / "config.json").is_file()
    assert done.stderr.startswith("warning: isrgen.toml: No files are written for nginx.")


def test_a_target_that_does_not_exist_stops_the_build(
    make_site: Callable[..., Path], isrgen: Callable[..., object]
) -> None:
    site = make_site(FILES | {"isrgen.toml": "[targets.vercell]\n"})
    done = isrgen("build", "--site", site)
    assert done.returncode == 1
    assert "vercell" in done.stderr
    assert not (site / "dist").exists()
