"""Pose: how an organism lies under the scanner, and the image cropped around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plankton_embedding.images.sample.outlines import Points
from plankton_embedding.images.sample.parts import Part, Random

SHORTEST_SIDE = 30
LONG_SIDES = (60, 296)


def pose(parts: list[Part], random: Random) -> tuple[list[Part], tuple[int, int]]:
    """Bend, turn and scale an organism into pixels.

    Parameters
    ----------
    parts
        An organism as it is drawn: along the x axis, about one unit long.
    random
        Draws how it lies, how large it is and how wide its margins are.

    Returns
    -------
    parts
        The same organism in pixels, all of it within the image.
    size
        Width and height of the image, 30 to 300 pixels; the crop is tight around the organism.
    """
    warp = _warp(random)
    moved = [Part([warp(outline) for outline in part.outlines], part.density) for part in parts]
    points = np.concatenate([outline for part in moved for outline in part.outlines])
    low, high = points.min(axis=0), points.max(axis=0)
    side = float(np.clip(130 * np.exp(random.normal(0, 0.4)), *LONG_SIDES))
    before, after = 2 + side * random.uniform(0.01, 0.15, (2, 2))
    scale = float((side - before - after).min() / (high - low).max())
    size = np.ceil((high - low) * scale + before + after)
    before += np.maximum(SHORTEST_SIDE - size, 0) / 2
    width, height = np.maximum(size, SHORTEST_SIDE).astype(int).tolist()
    scaled = [
        Part([(outline - low) * scale + before for outline in part.outlines], part.density)
        for part in moved
    ]
    return scaled, (width, height)


def _warp(random: Random) -> Callable[[Points], Points]:
    """A way to lie under the scanner: swayed, bent, tilted, mirrored and turned."""
    bend, tilt, shear = random.uniform([-0.35, 0.6, -0.3], [0.35, 1.15, 0.3])
    sway, phase = random.uniform(0, 0.035, 2), random.uniform(0, 2 * np.pi, 2)
    angle, mirror = random.uniform(0, 2 * np.pi), random.choice([-1, 1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    def warp(outline: Points) -> Points:
        x, y = (outline + sway * np.sin(5 * outline[:, ::-1] + phase)).T
        bent = np.stack([x + shear * y, mirror * (tilt * y + bend * x**2)], axis=1)
        turned: Points = bent @ turn
        return turned

    return warp
