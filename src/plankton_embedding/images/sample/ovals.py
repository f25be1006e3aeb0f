"""Ovals and drops: one body with antennae, told apart by its appendages."""

from __future__ import annotations

import numpy as np

from plankton_embedding.images.sample.outlines import (
    axis,
    both_sides,
    curve,
    dome,
    ellipse,
    line,
    ribbon,
)
from plankton_embedding.images.sample.parts import Part, Random, blobs, cross_bars, hairs, solid


def oval_long_antennae(random: Random) -> list[Part]:
    """An oval whose antennae are longer than its trunk."""
    pair = _antennae(random, random.uniform(1.05, 1.4))
    return [*_oval_body(random), pair, _short_fork(random)]


def oval_short_antennae(random: Random) -> list[Part]:
    """An oval whose antennae are less than half as long as its trunk."""
    pair = _antennae(random, random.uniform(0.3, 0.45))
    return [*_oval_body(random), pair, _short_fork(random)]


def oval_feathery_tail(random: Random) -> list[Part]:
    """An oval with a fan of bristles in place of the fork of its tail."""
    heading = np.pi + np.linspace(-0.95, 0.95, int(random.integers(9, 13)))
    length = random.uniform(0.5, 0.7)
    plumes = [curve((-0.76, 0), way, length, 0.5 * (way - np.pi)) for way in heading]
    pair = _antennae(random, random.uniform(0.3, 0.9))
    return [*_oval_body(random), hairs(plumes, 0.014, 0.8), pair]


def oval_two_egg_sacs(random: Random) -> list[Part]:
    """An oval that trails a sac of eggs on either side of its tail."""
    length, width = random.uniform(0.2, 0.27), random.uniform(0.1, 0.13)
    x, y = -0.42 - length, width + 0.04
    grains = random.uniform(-0.7, 0.7, (12, 2)) * [length, width] + [x, y]
    eggs = [blobs(random, grains * side, 0.045, 0.35) for side in ([1, 1], [1, -1])]
    pair = _antennae(random, random.uniform(0.3, 0.9))
    sacs = Part(both_sides(ellipse(x, y, length, width)), 0.65)
    return [*_oval_body(random), sacs, *eggs, pair, _short_fork(random)]


def drop_forked_tail(random: Random) -> list[Part]:
    """A drop-shaped body, narrowing to a tail with a long fork."""
    body = axis(-0.9, 0.45)
    profile = random.uniform(0.24, 0.3) * np.exp(-(((body[:, 0] - 0.12) / 0.34) ** 2)) + 0.035
    profile *= np.minimum(1, 3 * dome())
    spread = random.uniform(0.3, 0.5)
    fork = both_sides(curve((-0.88, 0.02), np.pi - spread, random.uniform(0.6, 0.8)))
    pair = _antennae(random, random.uniform(0.25, 0.4))
    bars = cross_bars(np.linspace(-0.8, -0.3, 5), 0.05, 0.01, 0.3)
    return [*solid(body, profile, 1.0), hairs(fork, 0.02), pair, bars]


def _oval_body(random: Random) -> list[Part]:
    """An oval trunk, wider in front, with a gut and a narrow segmented tail."""
    trunk, half_width = axis(-0.5, 0.5), random.uniform(0.19, 0.25)
    profile = half_width * dome() * (1 + 0.3 * trunk[:, 0])
    gut = axis(random.uniform(-0.45, -0.3), random.uniform(0.1, 0.3))
    return [
        *solid(trunk, profile, 1.0),
        Part([ribbon(gut, random.uniform(0.04, 0.09) * dome())], random.uniform(0.1, 0.6)),
        Part([ribbon(line((-0.46, 0), (-0.8, 0)), 0.05)], 0.9),
        cross_bars(np.linspace(-0.38, -0.05, 4), 0.12, 0.008, 0.25),
    ]


def _antennae(random: Random, length: float) -> Part:
    """A pair that leaves the head sideways and sweeps back."""
    heading, turn = random.uniform(1.2, 1.6), random.uniform(0.5, 1.0)
    return hairs(both_sides(curve((0.4, 0.08), heading, length, turn)), 0.022)


def _short_fork(random: Random) -> Part:
    """The two short bristles that end the tail of an oval body."""
    return hairs(both_sides(curve((-0.78, 0.03), np.pi - 0.35, random.uniform(0.12, 0.2))), 0.02)
