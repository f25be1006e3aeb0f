"""An image before and after preprocessing."""

from __future__ import annotations

import numpy as np

from plankton_embedding.figures.kinds import Axes, Figure
from plankton_embedding.figures.style import MUTED, SPLIT_COLOURS, figure_style, new_figure
from plankton_embedding.images.decode import GrayPlane
from plankton_embedding.images.preprocess_example import PreprocessedExample


def draw_preprocessing(example: PreprocessedExample) -> Figure:
    """Draw an image as its file holds it, what is cut off in red, and as the network sees it."""
    with figure_style():
        figure = new_figure(figsize=(7.4, 3.9), layout="constrained")
        before, after = figure.subplots(1, 2)
        _show(before, example.before, "In its file")
        _show(after, example.after, "As the network sees it")
        if example.cropped_rows:
            height, width = example.before.shape
            bottom = (-0.5, width - 0.5, height - 0.5, height - 0.5 - example.cropped_rows)
            red = np.ones((1, 1))
            before.imshow(red, extent=bottom, cmap=_red(), alpha=0.45, aspect="equal")
            before.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return figure


def _show(axes: Axes, plane: GrayPlane, title: str) -> None:
    axes.imshow(plane, cmap="gray", vmin=0, vmax=255)
    height, width = plane.shape
    axes.set_title(f"{title}: {width} × {height} pixels")
    axes.grid(visible=False)
    axes.tick_params(colors=MUTED, length=2)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _red() -> object:
    from matplotlib.colors import ListedColormap

    return ListedColormap([SPLIT_COLOURS["rejected"]])
