"""The one style of all figures: colours, type, and how a figure becomes PNG-ready or SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from plankton_embedding.figures.kinds import Axes, Figure

if TYPE_CHECKING:
    from matplotlib.ticker import FuncFormatter

INK = "#1b2a37"
MUTED = "#5d6e7c"
GRID = "#dfe6ec"
PAPER = "#ffffff"

SPLIT_COLOURS = {
    "train": "#2f7fb9",
    "validation": "#e3981b",
    "test": "#12967a",
    "unseen": "#8a63c9",
    "dropped": "#93a0ab",
    "rejected": "#b4452c",
}
RADIUS_COLOUR = "#9a5fb4"
SEPARATION_COLOUR = "#2f7fb9"
PLAIN_COLOUR = "#2f7fb9"

_FONTS_OF_OTHER_SCRIPTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_LONGEST_LABEL = 32
_SETTINGS: dict[Any, Any] = {
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "text.color": INK,
    "text.parse_math": False,
    "hatch.linewidth": 0.7,
    "svg.fonttype": "path",
}
# Matplotlib's settings are those of the whole process: threads take turns.
_DRAWING = RLock()
# Publications ask for 300 dots an inch; a page and a screen see no more than 200.
_DOTS_PER_INCH = 200
# In the page these follow its light or dark theme.
_THEMED = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)", PAPER: "var(--card)"}


@contextmanager
def figure_style() -> Iterator[None]:
    """Build figures in the project's style; one thread at a time."""
    import matplotlib as mpl

    with _DRAWING, mpl.rc_context(_settings()):
        yield


def new_figure(
    figsize: tuple[float, float], layout: Literal["constrained"] | None = None, dpi: int = 100
) -> Figure:
    """Return an empty figure of so many inches, which pyplot does not know of."""
    from matplotlib.figure import Figure

    return Figure(figsize=figsize, layout=layout, dpi=dpi)


def _settings() -> dict[Any, Any]:
    return {**_SETTINGS, "font.family": _font_families()}


@lru_cache(maxsize=1)
def _font_families() -> list[str]:
    from matplotlib import font_manager

    # DejaVu comes with Matplotlib; letters that it lacks are taken from what the machine has.
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FONTS_OF_OTHER_SCRIPTS if name in installed)]


def short_label(name: str) -> str:
    """Return a class name fit for an axis: one line, at most 32 characters.

    One that is too long loses its middle: names of a taxon share their beginning and often
    differ at the end only.
    """
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in name).split())
    if len(line) > _LONGEST_LABEL:
        tail = _LONGEST_LABEL // 2
        return f"{line[: _LONGEST_LABEL - tail - 1]}…{line[-tail:]}"
    return line or "(no class)"


def short_labels(names: Iterable[str]) -> list[str]:
    """Return the short label of each name, with a number where names would look the same.

    The number is the name's place among those of its label, sorted: it is the same in every
    figure of the same classes.
    """
    labels = {name: short_label(name) for name in names}
    alike: dict[str, list[str]] = {}
    for name in sorted(labels):
        alike.setdefault(labels[name], []).append(name)
    return [
        label if len(alike[label]) == 1 else f"{label} ({alike[label].index(name) + 1})"
        for name, label in labels.items()
    ]


def percent_ticks() -> FuncFormatter:
    """Return a formatter that writes 0.875 as ``87.5 %`` and 1 as ``100 %``."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda share, _: f"{round(100 * share, 6):g} %")


def mark_whole_steps(axes: Axes, first: int, last: int) -> None:
    """Give an axis of steps or epochs ticks at whole numbers only, with some room beside."""
    from matplotlib.ticker import MaxNLocator

    room = max(0.5, 0.03 * (last - first))
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def figure_to_png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file."""
    file = io.BytesIO()
    with _DRAWING:
        figure.savefig(file, format="png", dpi=_DOTS_PER_INCH, bbox_inches="tight")
    return file.getvalue()


def figure_to_svg(figure: Figure, description: str) -> str:
    """Return a figure as an inline SVG element that follows the page's theme.

    Letters become outlines, so the figure looks the same wherever the page is opened.

    Parameters
    ----------
    figure : Figure
    description : str
        Read out by screen readers; escaped here.
    """
    import matplotlib as mpl

    file = io.StringIO()
    with _DRAWING, mpl.rc_context({**_settings(), "svg.hashsalt": description}):
        figure.savefig(
            file, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None}
        )
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[a-z]+[0-9a-z]*_\d+"', "", svg)
    for colour, variable in _THEMED.items():
        svg = svg.replace(colour, variable)
    label = escape(description, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
