"""Kedro dataset: an HTML page."""

from __future__ import annotations

import re
from typing import Any

from kedro_datasets._typing import HTMLPreview
from kedro_datasets.text import TextDataset

_TEXT = {"encoding": "utf-8"}
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_SUBTITLE = re.compile(r"<header>.*?<p>(.*?)</p>.*?</header>", re.DOTALL)
_CONTENTS = re.compile(r"<nav[^>]*>(.*?)</nav>", re.DOTALL)
_CHAPTER = re.compile(r"<a [^>]*>(.*?)</a>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
# Kedro-Viz takes them for Markdown, wherever they stand.
_MARKDOWN = re.compile(r"[_*`]+")
_MOST_CHAPTERS = 30


class PageDataset(TextDataset):
    """A page that opens in a browser; it holds all that it shows."""

    DEFAULT_FS_ARGS: dict[str, Any] = {  # noqa: RUF012
        "open_args_load": {"mode": "r", **_TEXT},
        "open_args_save": {"mode": "w", **_TEXT},
    }

    def preview(self) -> HTMLPreview:
        """Return what Kedro-Viz shows: the page's title and its contents.

        The page itself has scripts, which Kedro-Viz would not run.
        """
        page = self.load()
        chapters = _CHAPTER.findall(_first(_CONTENTS, page))
        more = " · …" if len(chapters) > _MOST_CHAPTERS else ""
        return HTMLPreview(
            f"<h2>{_text(_first(_TITLE, page)) or 'Page'}</h2>"
            f"<p>{_text(_first(_SUBTITLE, page))}</p>"
            f"<p>{' · '.join(map(_text, chapters[:_MOST_CHAPTERS]))}{more}</p>"
            f"<p>{len(page) / 1e6:.1f} MB. Open the newest file under its path in a browser.</p>"
        )


def _first(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    return found[1] if found else ""


def _text(html: str) -> str:
    return " ".join(_MARKDOWN.sub(" ", _TAG.sub("", html)).split())
