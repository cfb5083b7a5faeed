"""Which pages are visited for a leak test, and what is told of those that are not, or that fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import Check, check_folder

SITES = Path(__file__).parents[2] / "sites"
STARTERS = Path(__file__).parents[3] / "isrgen" / "starters"


def test_pages_of_a_pattern_are_found_by_params_links_and_paths_and_else_named(check_site: Check) -> None:
    page = """
        from isrgen import Response
        cache = "hourly"
        def loader(params):
            return Response(params["slug"])
    """
    files = {
        "content/index.md": "[One](/linked/one/)\n",
        "content/listed/[slug]+ssr.py": f"{page}\n        def static_params():\n"
        '            return [{"slug": "a"}, {"slug": "b"}]\n',
        "content/linked/[slug]+ssr.py": page,
        "content/named/[slug]+ssr.py": page,
        "content/unknown/[slug]+ssr.py": page,
        "templates/page.html": "{{ content }}",
    }
    report = check_site(files, leaks=True, paths=("/named/x/",))
    assert report.leaks is not None
    assert (report.leaks.routes, report.leaks.pages) == (3, 4)
    assert [str(one) for one in report.unchecked] == [
        "content/unknown/[slug]+ssr.py: /unknown/[slug]/: no page of it is known.\n"
        "  Name one as `--path /unknown/[slug]/`, its parameters filled in, or list some in `static_params`."
    ]


def test_of_very_many_pages_of_one_route_the_first_are_compared_and_the_others_counted(
    check_site: Check,
) -> None:
    report = check_site(
        {
            "content/[slug]+ssr.py": """
                from isrgen import Response
                cache = "hourly"
                def loader(params):
                    return Response(params["slug"])
                def static_params():
                    return [{"slug": f"p{number}"} for number in range(25)]
            """
        },
        leaks=True,
    )
    assert report.leaks is not None
    assert report.leaks.pages == 20
    assert [one.message for one in report.unchecked] == ["/[slug]/: 5 of its pages, after the first 20."]


def test_a_page_that_fails_for_a_user_alone_is_told(check_site: Check) -> None:
    report = check_site(
        {
            "content/index+ssr.py": """
                from isrgen import Response
                def loader(request):
                    return Response(str(int(request.cookies.get("session", "1"))))
            """
        },
        leaks=True,
    )
    assert report.problems == []
    (warning,) = report.warnings
    assert warning.where == "content/index+ssr.py:3"
    assert warning.message.startswith("The loader raised ValueError: invalid literal for int()")
    assert "It was /, asked for by user A." in warning.hint


def test_a_page_that_streams_for_one_visitor_is_not_waited_for(check_site: Check) -> None:
    report = check_site(
        {
            "content/events+ssr.py": """
                import asyncio
                from isrgen import Response
                async def loader():
                    async def forever():
                        while True:
                            yield "data: x\\n\\n"
                            await asyncio.sleep(0.005)
                    return Response(forever(), headers={"Content-Type": "text/event-stream"})
            """
        },
        leaks=True,
    )
    assert (report.problems, report.warnings) == ([], [])


@pytest.mark.parametrize("starter", ["blog", "docs", "minimal"])
def test_a_starter_has_no_broken_links_and_no_leaks(starter: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(STARTERS / starter, site)
    report = check_folder(site, tmp_path / "built", leaks=True)
    assert (report.problems, report.warnings, report.unchecked) == ([], [], [])


def test_the_guides_site_has_no_leaks(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(SITES / "guide", site)
    report = check_folder(site, tmp_path / "built", leaks=True, paths=("/blog/my-post/", "/articles/b/"))
    assert report.problems == []
    assert report.leaks is not None
    assert report.leaks.routes == 6
    assert [warning.where for warning in report.warnings] == ["content/dashboard+ssr.py:6"]
