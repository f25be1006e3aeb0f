"""Bells: translucent umbrellas, told apart by what hangs from them."""

from __future__ import annotations

import numpy as np

from plankton_embedding.images.sample.outlines import axis, curve, dome, ellipse, line, ribbon
from plankton_embedding.images.sample.parts import Part, Random, hairs, solid


def bell_four_tentacles(random: Random) -> list[Part]:
    """An umbrella with four long, thick tentacles."""
    return [*_bell_dome(random), _hanging(random, 4, random.uniform(0.9, 1.2), 0.028)]


def bell_many_tentacles(random: Random) -> list[Part]:
    """An umbrella fringed with short, thin tentacles."""
    count = int(random.integers(16, 22))
    return [*_bell_dome(random), _hanging(random, count, random.uniform(0.4, 0.6), 0.014)]


def bell_inner_stalk(random: Random) -> list[Part]:
    """An umbrella with a lobed stalk that hangs out of it and no tentacles."""
    stalk = curve((0.42, 0), np.pi, random.uniform(0.8, 1.0), random.uniform(-0.3, 0.3))
    lobes = [curve(stalk[-3], np.pi + way, 0.28, way) for way in (-0.8, -0.25, 0.25, 0.8)]
    return [*_bell_dome(random), *solid(stalk, 0.085, 1.1), hairs(lobes, 0.045, 0.9)]


def bell_pointed(random: Random) -> list[Part]:
    """A pointed, angular bell with a deep cavity and a dark streak beside it."""
    half = random.uniform(0.3, 0.38)
    corners = np.array([[0.8, 0.0], [0.25, 0.8], [-0.35, 1.0], [-0.5, 0.75], [-0.38, 0.0]])
    upper = np.concatenate([line(*corners[i : i + 2])[:-1] for i in range(4)]) * [1, half]
    edge = np.concatenate([upper, (upper * [1, -1])[::-1]])
    cavity = axis(-0.45, random.uniform(0.05, 0.25))
    streak = axis(0.0, 0.5) + [0.05, 0.12 * half]
    return [
        Part([edge], 0.32),
        Part([ribbon(edge, 0.016)], 0.6),
        Part([ribbon(ribbon(cavity, half * 0.55 * dome()), 0.014)], 0.5),
        *solid(streak, 0.05 * dome(), 0.8),
    ]


def _bell_dome(random: Random) -> list[Part]:
    """A translucent umbrella, open towards negative x, with a darker rim and radial canals."""
    height, width = random.uniform(0.5, 0.65), random.uniform(0.42, 0.52)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 40)
    edge = np.stack([height * np.cos(angle) ** 0.8, width * np.sin(angle)], axis=1)
    cavity = edge * [0.7, 0.78]
    canals = [line((0.68 * height, 0), (0, y * width)) for y in (-0.75, 0, 0.75)]
    return [
        Part([edge], 0.3),
        Part([cavity], -0.08),
        Part([ribbon(edge, 0.018), ribbon(ellipse(0, 0, 0.07, width), 0.018)], 0.5),
        Part([ribbon(canal, 0.012) for canal in canals], 0.3),
    ]


def _hanging(random: Random, count: int, length: float, half_width: float) -> Part:
    """Wavy tentacles that hang from the rim of a bell."""
    roots = np.linspace(-0.42, 0.42, count)
    swing = random.uniform(-0.5, 0.5, count)
    reach = length * random.uniform(0.8, 1.2, count)
    paths = [
        curve((0, y), np.pi - 0.5 * y, r, w, 0.3)
        for y, r, w in zip(roots, reach, swing, strict=True)
    ]
    return hairs(paths, half_width, 0.9)
