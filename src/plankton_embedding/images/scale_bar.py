"""The scale bar that EcoTaxa draws under an image: a network would learn it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# EcoTaxa puts a strip of 31 rows under an image: a bar of 2 rows, 4 rows above the end, its length
# written above it. Others scale it: twice is allowed for.
_STRIP = 31
_SEARCHED = 2 * _STRIP
_LOWEST_BAR, _THICKEST_BAR, _SHORTEST_BAR = 16, 8, 16
_LABEL_APART, _LABEL_LOW, _LABEL_HIGH = 16, 5, 12
_LABEL_ASIDE, _ASIDE = 12, 8
# Gray levels on white (a black strip is turned round): of ink, of thin strokes, of no paper.
_INK, _WRITTEN, _PAPER = 128, 200, 235


def find_scale_bar(plane: npt.NDArray[np.uint8]) -> int:
    """Find the strip under an image that holds a scale bar and its label.

    From the bottom up there must be paper, a straight bar of a few rows, paper, a label over the
    bar, paper; and nothing beside bar and label. Paper above the label is part of the strip as far
    as EcoTaxa's reaches; a row that shows anything else is not.

    Parameters
    ----------
    plane
        uint8 array, height x width, gray, on a light or a dark strip.

    Returns
    -------
    int
        Rows of the strip; 0 where there is none, or where nothing would remain above it.
    """
    rows = plane[: -_SEARCHED - 1 : -1]
    if np.median(rows[0]) < _INK:
        rows = 255 - rows
    ink = rows < _INK
    inked = _in_rows(ink)
    bar = _first(inked)
    if bar > _LOWEST_BAR or bar == len(inked):
        return 0
    above = bar + _first(~inked[bar:])
    if not _is_bar(ink[bar:above]):
        return 0
    written = _in_rows(rows < _WRITTEN)
    gap = above + _first(~written[above:])
    label = gap + _first(written[gap:])
    top = label + _first(~written[label:])
    # The label must end, else it is the animal.
    if top == len(written) or label - above > _LABEL_APART:
        return 0
    if not _is_label(ink[label:top], ink[bar], above - bar):
        return 0
    drawn = np.flatnonzero(ink[:top].any(axis=0))
    left, right = max(0, drawn[0] - _ASIDE), drawn[-1] + 1 + _ASIDE
    # What is beside bar and label is not of the strip: an animal that hangs into it.
    if min(rows[:top, :left].min(initial=255), rows[:top, right:].min(initial=255)) < _PAPER:
        return 0
    strip = top + _paper_above(rows[top:_STRIP])
    return strip if strip < len(plane) else 0


def _in_rows(values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return of each row whether any is true."""
    return np.asarray(values.any(axis=1))


def _first(values: npt.NDArray[np.bool_]) -> int:
    """Return the place of the first that is true, or how many there are."""
    return int(values.argmax()) if values.any() else len(values)


def _is_bar(ink: npt.NDArray[np.bool_]) -> bool:
    columns = np.flatnonzero(ink[0])
    length = int(columns[-1] - columns[0] + 1)
    if len(ink) > _THICKEST_BAR or length < max(_SHORTEST_BAR, 4 * len(ink)):
        return False
    # A rectangle: all of it is ink, and nothing beside it.
    inside = ink[:, columns[0] : columns[-1] + 1]
    return bool(inside.all()) and int(ink.sum()) == inside.size


def _is_label(ink: npt.NDArray[np.bool_], bar: npt.NDArray[np.bool_], thickness: int) -> bool:
    if not _LABEL_LOW <= len(ink) <= max(_LABEL_HIGH, 6 * thickness):
        return False
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(columns):
        return False
    places = np.flatnonzero(bar)
    left, right = places[0] - _LABEL_ASIDE, max(places[-1], places[0] + 8 * len(ink)) + _LABEL_ASIDE
    if columns[0] < left or columns[-1] > right:
        return False
    # Letters are thin, and stand apart.
    written = ink[:, columns[0] : columns[-1] + 1]
    return bool(written.mean() < 0.7) and not bool(np.all(written.any(axis=0)))


def _paper_above(rows: npt.NDArray[np.uint8]) -> int:
    return _first(_in_rows(rows < _PAPER)) if len(rows) else 0
