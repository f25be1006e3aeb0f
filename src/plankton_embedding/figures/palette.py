"""One colour for each class, the same in every figure.

Colours are picked one after another, each as far as possible from all before it, seen by
normal eyes and by those with protanopia or deuteranopia alike. So the first classes have the
most distinct colours, and a class's colour depends only on its place in the class order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_FIRST_COLOUR = (0.0, 0.447, 0.698)
_GRID_STEPS = 20
_LIGHTNESS = (0.48, 0.80)
_CHROMA = (0.06, 0.19)
# A difference that only normal eyes see counts in full; one seen by all counts more.
_DEFICIENT_WEIGHT = 1.6

# Severity 1.0, on linear RGB: Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113
_PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
_DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
# Oklab: Ottosson 2020, https://bottosson.github.io/posts/oklab/
_RGB_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def class_colours(class_names: Sequence[str]) -> dict[str, str]:
    """Return the colour of each class as ``#rrggbb``.

    Parameters
    ----------
    class_names : sequence of str
        All classes of the data; their sorted order decides.
    """
    names = sorted(set(class_names))
    return dict(zip(names, distinct_colours(len(names)), strict=True))


@lru_cache(maxsize=8)
def distinct_colours(count: int) -> tuple[str, ...]:
    """Return the first ``count`` colours of the fixed series, as ``#rrggbb``."""
    candidates, seen_as = _candidates()
    picked = [int(np.square(candidates - _FIRST_COLOUR).sum(axis=1).argmin())]
    nearest = np.full(len(candidates), np.inf)
    while len(picked) < count:
        nearest = np.minimum(nearest, _difference(seen_as, picked[-1]))
        picked.append(int(nearest.argmax()))
    levels = np.rint(candidates[picked[:count]] * 255).astype(int)
    return tuple("#{:02x}{:02x}{:02x}".format(*level) for level in levels)


@lru_cache(maxsize=1)
def _candidates() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = np.linspace(0, 1, _GRID_STEPS)
    colours = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    normal = _oklab(colours, np.eye(3))
    lightness, chroma = normal[:, 0], np.hypot(normal[:, 1], normal[:, 2])
    usable = (lightness > _LIGHTNESS[0]) & (lightness < _LIGHTNESS[1])
    usable &= (chroma > _CHROMA[0]) & (chroma < _CHROMA[1])
    colours = colours[usable]
    views = (np.eye(3), _PROTANOPIA, _DEUTERANOPIA)
    return colours, np.stack([_oklab(colours, view) for view in views])


def _oklab(colours: NDArray[np.float64], view: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ view.T, 0, 1)
    return np.cbrt(seen @ _RGB_TO_CONES.T) @ _CONES_TO_LAB.T


def _difference(seen_as: NDArray[np.float64], position: int) -> NDArray[np.float64]:
    distances = np.linalg.norm(seen_as - seen_as[:, position : position + 1], axis=2)
    distances[1:] *= _DEFICIENT_WEIGHT
    return distances.min(axis=0)
