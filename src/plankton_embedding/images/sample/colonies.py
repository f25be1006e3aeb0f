"""Colonies: chains, bundles and aggregates of many pieces alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.images.sample.outlines import (
    Points,
    both_sides,
    curve,
    ellipse,
    line,
    ribbon,
)
from plankton_embedding.images.sample.parts import Part, Random, blobs, hairs


def chain_round_links(random: Random) -> list[Part]:
    """A chain of discs."""
    return _chain_of(random, ellipse(0, 0, 0.13), 0.265, 0)


def chain_square_links(random: Random) -> list[Part]:
    """A chain of boxes."""
    return _chain_of(random, _box(0.085, random.uniform(0.15, 0.2)), 0.2, 0)


def chain_spined_links(random: Random) -> list[Part]:
    """A chain of discs with a pair of long spines between each two."""
    return _chain_of(random, ellipse(0, 0, 0.11, 0.12), 0.23, random.uniform(0.45, 0.6))


def filament_bundle(random: Random) -> list[Part]:
    """Threads side by side, drawn apart at their ends."""
    count = int(random.integers(14, 24))
    start = random.normal(0, 1, (count, 2)) * [0.12, 0.07] - [0.6, 0]
    heading, turn = random.normal(0, 0.12, count), random.normal(0, 0.25, count)
    length = random.uniform(0.8, 1.4, count)
    threads = [curve(*setting) for setting in zip(start, heading, length, turn, strict=True)]
    return [Part([ribbon(thread, 0.013)], 0.45) for thread in threads]


def aggregate_fluffy(random: Random) -> list[Part]:
    """Grains of all sizes in a few clouds, with fibres sticking out."""
    centre = random.normal(0, 1, (5, 1, 2)) * [0.3, 0.15]
    grains = (centre + random.normal(0, 0.12, (5, 40, 2))).reshape(-1, 2)
    flakes = [blobs(random, grains[i::4], 0.025 * (i + 1), 0.3) for i in range(4)]
    fibres = [
        curve(point, random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.5), random.normal(0, 1.5))
        for point in grains[::12]
    ]
    return [*flakes, hairs(fibres, 0.012, 0.6)]


def _chain_of(random: Random, shape: Points, spacing: float, spine: float) -> list[Part]:
    """Links with a dark wall and a grain each.

    Parameters
    ----------
    random
        Draws the number of links, the bend of the chain and its grains.
    shape
        Outline of one link, around the origin.
    spacing
        Distance between the centres of two links.
    spine
        Length of the pairs of spines between the links; 0 for none.
    """
    centre, heading = _chain_path(random, int(random.integers(5, 10)), spacing)
    links = _placed(shape, centre, heading)
    parts = [
        Part(links, 0.5),
        Part([ribbon(link, 0.014) for link in links], 0.7),
        blobs(random, centre + random.normal(0, 0.02, centre.shape), 0.045, 0.7),
    ]
    if spine:
        lean = random.uniform(-0.2, 0.2)
        pair = both_sides(curve((spacing / 2, 0.05), np.pi / 2 + lean, spine, -lean))
        parts.append(
            hairs([copy for path in pair for copy in _placed(path, centre, heading)], 0.013)
        )
    return parts


def _chain_path(random: Random, count: int, spacing: float) -> tuple[Points, NDArray[np.float64]]:
    """Centres of the links along a curved line, and the heading at each."""
    turn = random.uniform(-1.2, 1.2)
    heading = np.linspace(-turn / 2, turn / 2, count)
    centre = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0) * spacing
    return centre - centre.mean(axis=0), heading


def _placed(shape: Points, centre: Points, heading: NDArray[np.float64]) -> list[Points]:
    """Copies of a shape, turned to each heading and moved to each centre."""
    turns = np.stack([np.cos(heading), np.sin(heading), -np.sin(heading), np.cos(heading)], axis=1)
    return list(shape @ turns.reshape(-1, 2, 2) + centre[:, None])


def _box(half_x: float, half_y: float) -> Points:
    """A closed rectangle, with points enough to be bent later."""
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]]) * [half_x, half_y]
    return np.concatenate([line(*corners[i : i + 2]) for i in range(4)])
