"""Parts: the translucent pieces of tissue that the organisms of the sample are made of.

A part is a set of filled outlines of one optical density, so that overlapping parts darken each
other as tissue does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.images.sample.outlines import Points, ellipse, line, ribbon

Random = np.random.Generator


@dataclass(frozen=True)
class Part:
    """Filled outlines, each (points, 2), of one optical density; a negative one makes lighter."""

    outlines: Sequence[Points]
    density: float


def solid(path: Points, half_width: float | NDArray[np.float64], density: float) -> list[Part]:
    """A band of tissue, thicker and so darker towards its midline.

    Parameters
    ----------
    path
        Midline of the band, (points, 2).
    half_width
        Half the width of the band, one for all or one a point.
    density
        Optical density at the midline.

    Returns
    -------
    Three parts, each narrower than the one before
    """
    layers = ((1.0, 0.5), (0.72, 0.3), (0.4, 0.2))
    return [Part([ribbon(path, half_width * scale)], density * part) for scale, part in layers]


def hairs(paths: Sequence[Points], half_width: float, density: float = 1.0) -> Part:
    """Appendages that taper to their tips."""
    taper = [half_width * np.linspace(1, 0.35, len(path)) for path in paths]
    return Part([ribbon(path, width) for path, width in zip(paths, taper, strict=True)], density)


def blobs(random: Random, centre: Points, radius: float, density: float) -> Part:
    """Roundish grains of varying size at (grains, 2) centres."""
    radii = radius * random.uniform(0.6, 1.4, (len(centre), 2))
    return Part(
        [ellipse(*point, *size) for point, size in zip(centre, radii, strict=True)], density
    )


def cross_bars(x: Iterable[float], half_length: float, half_width: float, density: float) -> Part:
    """Thin bars across the x axis, as between the segments of a body."""
    bars = [line((at, -half_length), (at, half_length)) for at in x]
    return Part([ribbon(bar, half_width) for bar in bars], density)
