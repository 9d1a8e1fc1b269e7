"""The pages of the site, without the program that builds it: none is lost, none is promised that is not there."""

import re
import runpy

import pytest

from tests.packaging.snippets import PAGES, ROOT

DOCS = ROOT / "docs"
NAVIGATION = runpy.run_path(str(DOCS / "navigation.py"))
SITE = [page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")]


def listed(language):
    return [page for pages in NAVIGATION["NAVIGATION"][language].values() for page in pages]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_stands_once_in_the_navigation(language):
    other = {"en": ".zh", "zh": "index"}[language]
    front = NAVIGATION["FRONT"][language].removeprefix("docs/")
    pages = [page.removesuffix(".md") for page in SITE if not page.removesuffix(".md").endswith(other)]
    notebooks = [f"../notebooks/{path.stem}" for path in (ROOT / "notebooks").glob("*.ipynb")]
    found = [page for page in listed(language) if page not in ("../CONTRIBUTING", "../CHANGELOG")]
    assert sorted([*found, front]) == sorted({*pages, *notebooks, front})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_navigation_leads_to_files(language):
    assert [page for page in listed(language) if not list(DOCS.glob(f"{page}.*"))] == []
    written = NAVIGATION["toctrees"](language)
    assert all(page in written for page in listed(language))


def test_llms_txt_names_every_page_and_no_other():
    named = re.findall(r"\]\(([\w/.-]+)\)", (DOCS / "llms.txt").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(page for page in SITE if page != "index.md")


@pytest.mark.parametrize("page", ["troubleshooting.md", "troubleshooting.zh.md"])
def test_the_errors_that_troubleshooting_quotes_are_those_of_the_package(page):
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bertmagic").rglob("*.py"))
    rows = re.findall(r"^\| ([^|]*) \|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    ours = [text for text in quoted if not text.startswith(("No module", "Line magic", "Cell magic", "Good"))]
    assert len(ours) > 10
    assert [text for text in ours if text not in source] == []


def test_a_site_with_a_dead_link_or_a_foreign_script_is_refused(tmp_path):
    faults = runpy.run_path(str(DOCS / "check_site.py"))["faults"]
    (tmp_path / "a.html").write_text(
        '<h1 id="top">a</h1><a href="b.html#there">b</a><img src="data:image/png;base64,x">'
    )
    (tmp_path / "b.html").write_text('<h1 id="there">b</h1><a href="a.html">a</a><a href="https://example.org">c</a>')
    assert faults(tmp_path) == []
    (tmp_path / "b.html").write_text('<a href="c.html">c</a><script src="https://cdn.example.org/x.js"></script>')
    (tmp_path / "s.css").write_text("@import 'https://fonts.example.org'")
    assert len(faults(tmp_path)) == 4
