"""Waiting for pages in a browser: by what they show, not by a time that a busy machine outlasts."""

from typing import Any

# Milliseconds until a test gives up. Many: a busy machine draws a report in half a minute.
PAGE_PATIENCE = 180_000
# The browser's next picture may have been begun; the one after comes after all that was done.
_TWO_PICTURES = (
    "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
)


def wait_until_drawn(page: Any) -> None:
    """Wait until a page shows what its script did until now."""
    page.evaluate(_TWO_PICTURES)
