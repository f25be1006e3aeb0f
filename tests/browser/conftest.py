"""A browser without a network, and pages in it that must not complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pages import PAGE_PATIENCE, wait_until_drawn

_CHROMIUM = Path("/usr/bin/chromium")
# Draws WebGL without a graphics card.
_ARGUMENTS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return Debian's chromium, or skip the test where it or playwright is missing."""
    if not _CHROMIUM.exists():
        pytest.skip(f"there is no {_CHROMIUM}: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=str(_CHROMIUM), chromium_sandbox=False, args=_ARGUMENTS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that opens HTML from a file, offline; errors of its script fail the test.

    Its keywords are those of playwright's ``new_context``, as ``viewport`` and ``color_scheme``,
    and ``before``, a script that runs before the page's.
    """
    contexts, complaints = [], []

    def open_in_browser(html: str, before: str = "", **options: Any) -> Any:
        file = tmp_path / f"page_{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(offline=True, **options)
        context.set_default_timeout(PAGE_PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if _complains(said) else None,
        )
        page.on("request", lambda request: _only_from_page(request.url, complaints))
        if before:
            page.add_init_script(before)
        page.goto(file.as_uri())
        wait_until_drawn(page)
        return page

    yield open_in_browser
    for context in contexts:
        context.close()
    assert complaints == []


def _complains(said: Any) -> bool:
    # Advice of the browser about Plotly's use of its canvas.
    return said.type in ("error", "warning") and "willReadFrequently" not in said.text


def _only_from_page(address: str, complaints: list[str]) -> None:
    if not address.startswith(("file:", "data:", "blob:")):
        complaints.append(f"the page asked for {address}")
