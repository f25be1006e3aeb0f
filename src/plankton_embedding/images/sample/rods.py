"""Rods and worms: bodies much longer than wide, straight, curled or tailed."""

from __future__ import annotations

import numpy as np

from plankton_embedding.images.sample.outlines import axis, both_sides, curve, dome, ellipse, ribbon
from plankton_embedding.images.sample.parts import Part, Random, blobs, hairs, solid


def rod_smooth(random: Random) -> list[Part]:
    """A bare capsule."""
    return _rod_body(random)[0]


def rod_spined(random: Random) -> list[Part]:
    """A capsule with a row of spines along both sides."""
    body, half_width = _rod_body(random)
    length, lean = random.uniform(0.16, 0.24), random.uniform(-0.3, 0.3)
    along = np.linspace(-0.45, 0.45, int(random.integers(9, 13)))
    spines = [curve((x, half_width * 0.8), np.pi / 2 + lean, length) for x in along]
    return [*body, hairs([side for spine in spines for side in both_sides(spine)], 0.011, 0.9)]


def rod_side_fins(random: Random) -> list[Part]:
    """A thin long body with two pairs of side fins, a tail fin and hooked jaws."""
    body = axis(-0.85, 0.75)
    profile = random.uniform(0.055, 0.07) * np.minimum(1, 2.5 * dome())
    fins = [axis(-0.15, 0.3), axis(-0.68, -0.1)]
    reach = random.uniform(0.12, 0.16)
    tail = np.array([[-0.7, 0.02], [-1.0, 0.17], [-0.95, 0], [-1.0, -0.17], [-0.7, -0.02]])
    jaws = both_sides(curve((0.72, 0.05), 0.5, 0.16, -1.0))
    return [
        *solid(body, profile, 0.7),
        Part([*(ribbon(fin, reach * dome()) for fin in fins), tail], 0.3),
        Part([ellipse(0.7, 0, 0.09, 0.08)], 0.6),
        hairs(jaws, 0.02),
        Part([ribbon(axis(-0.5, 0.6), 0.018)], 0.4),
    ]


def curved_many_legs(random: Random) -> list[Part]:
    """A body curled up around its legs, with a fan for a tail and two feelers."""
    body = curve((0.5, 0), np.pi - 0.1, 1.5, random.uniform(1.5, 2.2))
    along = np.linspace(0, 1, len(body))
    half_width = 0.13 * np.minimum(1, 6 * along + 0.3) * (1 - 0.7 * along)
    tangent = np.gradient(body, axis=0)
    heading = np.arctan2(tangent[:, 1], tangent[:, 0]) + np.pi / 2
    feet = np.linspace(5, 24, 9).astype(int)
    length = random.uniform(0.24, 0.34)
    legs = [curve(body[i], heading[i] - 0.3, length, 0.6) for i in feet]
    tail = [curve(body[-1], heading[-1] - np.pi / 2 + way, 0.25) for way in (-0.5, -0.2, 0.1, 0.4)]
    feelers = [curve((0.45, 0.0), way, random.uniform(0.3, 0.5), 0.6) for way in (0.1, 0.4)]
    return [
        *solid(body, half_width, 0.9),
        hairs(legs, 0.02, 0.8),
        hairs(tail, 0.03, 0.7),
        hairs(feelers, 0.015),
        Part([ellipse(0.42, 0.03, 0.05)], 1.5),
    ]


def tadpole_wavy_tail(random: Random) -> list[Part]:
    """A small head on a long flat tail with a dark midline."""
    tail = curve((0.2, 0), np.pi, random.uniform(1.2, 1.5), random.uniform(-0.8, 0.8), 0.5)
    width = random.uniform(0.07, 0.1) * np.minimum(1, np.linspace(2.5, 0.2, len(tail)))
    head = axis(0.1, 0.6)
    return [
        *solid(head, random.uniform(0.14, 0.19) * dome(), 1.1),
        Part([ellipse(0.25, 0.03, 0.07)], 0.6),
        Part([ribbon(tail, width)], 0.35),
        Part([ribbon(tail, 0.016)], 0.7),
    ]


def _rod_body(random: Random) -> tuple[list[Part], float]:
    """A capsule with grains in it, and its half width."""
    half_width = random.uniform(0.045, 0.075)
    profile = half_width * np.minimum(1, 4 * dome())
    grains = random.uniform(-1, 1, (14, 2)) * [0.43, half_width / 2]
    return [*solid(axis(-0.5, 0.5), profile, 0.8), blobs(random, grains, 0.02, 0.4)], half_width
