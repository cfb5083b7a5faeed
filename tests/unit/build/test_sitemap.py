"""The sitemap says what sitemaps.org allows, and is split where it must be."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from isrgen.build.sitemap import sitemaps

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_each_page_has_its_address_and_its_last_change() -> None:
    files = sitemaps("https://e.org", [("/b/?a&b", None), ("/a/", datetime(2026, 3, 1, tzinfo=UTC))])
    urls = ElementTree.fromstring(files["sitemap.xml"]).findall(f"{NAMESPACE}url")
    assert [url.findtext(f"{NAMESPACE}loc") for url in urls] == ["https://e.org/a/", "https://e.org/b/?a&b"]
    assert urls[0].findtext(f"{NAMESPACE}lastmod") == "2026-03-01T00:00:00+00:00"


def test_a_site_without_pages_has_no_sitemap() -> None:
    assert sitemaps("https://e.org", []) == {}


def test_more_than_fifty_thousand_pages_make_an_index() -> None:
    files = sitemaps("https://e.org", [(f"/{number}/", None) for number in range(50_001)])
    index = ElementTree.fromstring(files["sitemap.xml"])
    locations = [place.text for place in index.iter(f"{NAMESPACE}loc")]
    assert locations == ["https://e.org/sitemap-1.xml", "https://e.org/sitemap-2.xml"]
    assert len(list(ElementTree.fromstring(files["sitemap-2.xml"]))) == 1
