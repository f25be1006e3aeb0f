"""The documentation in a browser: built with warnings as errors, read from the disk, offline."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pages import PAGE_PATIENCE
from patience import PATIENCE
from tiny_project import ROOT

pytestmark = pytest.mark.slow

PAGES = [
    "index",
    "tutorial",
    "reference/parameters",
    "reference/catalogue",
    "reference/command-line",
    "reference/python/analysis",
    "explanation/geometry",
    "how-to/deployment",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site, as `make docs` does."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("docs") / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def page(browser):
    """Return a function that opens a page of the site; it must ask nobody for anything."""
    contexts, complaints = [], []

    def open_page(path, **options):
        context = browser.new_context(offline=True, **options)
        context.set_default_timeout(PAGE_PATIENCE)
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on(
            "request",
            lambda request: (
                complaints.append(request.url)
                if not request.url.startswith(("file:", "data:", "blob:"))
                else None
            ),
        )
        opened.goto(path.as_uri())
        return opened

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_follow_the_reader_s_scheme(site, page, width, scheme):
    for name in PAGES:
        opened = page(
            site / f"{name}.html",
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
        )
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, name
        wanted = {"light": "default", "dark": "slate"}[scheme]
        assert opened.locator(f"body[data-md-color-scheme={wanted}]").count() == 1
        assert opened.locator("article h1").count() == 1


def test_search_works_from_the_disk(site, page):
    opened = page(site / "index.html", viewport={"width": 1280, "height": 800})
    # Key by key: it looks when one is let go.
    opened.locator("input.md-search__input").press_sequentially("semihard")
    opened.wait_for_selector(".md-search-result__list:has-text('Triplet loss')")


def test_the_reader_can_turn_to_dark(site, page):
    opened = page(site / "index.html", color_scheme="light")
    opened.locator("label[for=__palette_1]").click()
    opened.wait_for_selector("body[data-md-color-scheme=slate]")


def test_formulas_are_drawn(site, page):
    opened = page(site / "explanation/triplet-loss.html")
    boxes = opened.locator(".formula math").evaluate_all(
        "all => all.map(one => [one.clientWidth || one.getBoundingClientRect().width,"
        " one.getBoundingClientRect().height])"
    )
    assert len(boxes) >= 4
    assert all(width > 50 and height > 15 for width, height in boxes)


def test_a_link_to_a_parameter_leads_to_its_row(site, page):
    opened = page(site / "reference/parameters.html")
    row = opened.locator("tr", has=opened.locator('[id="split.unseen_classes"]'))
    assert "never sees" in row.inner_text()
    assert "training.network.steps" in opened.locator("article").inner_text().replace("​", "")
