"""Kedro dataset: an HTML page."""

from __future__ import annotations

import re
from typing import Any

from kedro.io.core import get_filepath_str
from kedro_datasets._typing import HTMLPreview
from kedro_datasets.text import TextDataset

_TEXT = {"encoding": "utf-8"}
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


class PageDataset(TextDataset):
    """A page that opens in a browser; it holds all that it shows."""

    DEFAULT_FS_ARGS: dict[str, Any] = {  # noqa: RUF012
        "open_args_load": {"mode": "r", **_TEXT},
        "open_args_save": {"mode": "w", **_TEXT},
    }

    def preview(self) -> HTMLPreview:
        """Return what Kedro-Viz shows: the page's title and where it lies.

        The page itself has scripts, which Kedro-Viz would not run.
        """
        path = get_filepath_str(self._get_load_path(), self._protocol)
        page = self.load()
        title = _TITLE.search(page)
        name = title[1].strip() if title else "Page"
        return HTMLPreview(
            f"<h2>{name}</h2><p>{len(page) / 1e6:.1f} MB. Open it in a browser:</p>"
            f"<p><code>{path}</code></p>"
        )
