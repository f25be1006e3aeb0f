"""Kedro dataset: a Matplotlib figure, as PNG to look at and as SVG to put into a page."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from kedro.io.core import get_filepath_str
from kedro_datasets.matplotlib import MatplotlibDataset
from matplotlib.figure import Figure

from plankton_embedding.figures.style import figure_to_svg


class FigureDataset(MatplotlibDataset):
    """A figure that is drawn once and shown everywhere.

    Saving writes the PNG that Kedro-Viz and MLflow show and, beside it, the same figure as SVG
    in the colours of the page's theme; loading returns that SVG.
    """

    # Publications ask for 300 dots an inch; a page and a screen see no more than 200.
    DEFAULT_SAVE_ARGS = {"format": "png", "dpi": 200, "bbox_inches": "tight"}  # noqa: RUF012

    def load(self) -> str:
        """Return the figure as an inline SVG element."""
        path = _beside(get_filepath_str(self._get_load_path(), self._protocol))
        with self._fs.open(path, "r", encoding="utf-8") as file:
            return str(file.read())

    def _save_to_fs(self, full_key_path: str, plot: Figure) -> None:
        super()._save_to_fs(full_key_path, plot)
        path = _beside(full_key_path)
        with self._fs.open(path, "w", encoding="utf-8") as file:
            file.write(figure_to_svg(plot, PurePosixPath(path).stem))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "protocol": self._protocol, "version": self._version}


def _beside(path: str) -> str:
    return path.removesuffix(".png") + ".svg"
