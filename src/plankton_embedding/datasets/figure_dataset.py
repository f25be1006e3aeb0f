"""Kedro dataset: a Matplotlib figure, as PNG to look at and as SVG to put into a page."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import Any

from kedro.io.core import get_filepath_str
from kedro_datasets._typing import ImagePreview
from kedro_datasets.text import TextDataset

from plankton_embedding.figures.kinds import Figure
from plankton_embedding.figures.style import figure_to_png, figure_to_svg


class FigureDataset(TextDataset):
    """A figure that is drawn once and shown everywhere.

    Saving writes the PNG that Kedro-Viz and MLflow show and, beside it, the same figure as SVG
    in the colours of the page's theme; loading returns that SVG.

    Kedro's own dataset loads pyplot, which is slow to start and keeps figures for all threads.
    """

    def load(self) -> str:
        """Return the figure as an inline SVG element."""
        path = _beside(get_filepath_str(self._get_load_path(), self._protocol))
        with self._fs.open(path, "r", encoding="utf-8") as file:
            return str(file.read())

    def save(self, data: Figure) -> None:
        """Write the figure twice."""
        path = get_filepath_str(self._get_save_path(), self._protocol)
        with self._fs.open(path, "wb") as file:
            file.write(figure_to_png(data))
        with self._fs.open(_beside(path), "w", encoding="utf-8") as file:
            file.write(figure_to_svg(data, PurePosixPath(path).stem))
        self._invalidate_cache()

    def preview(self) -> ImagePreview:
        """Return what Kedro-Viz shows: the PNG."""
        path = get_filepath_str(self._get_load_path(), self._protocol)
        with self._fs.open(path, "rb") as file:
            return ImagePreview(base64.b64encode(file.read()).decode())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "protocol": self._protocol, "version": self._version}


def _beside(path: str) -> str:
    return path.removesuffix(".png") + ".svg"
