"""Radial ones: spirals, eggs, balls, stars, fans and cones, drawn around a point."""

from __future__ import annotations

import numpy as np

from plankton_embedding.images.sample.outlines import axis, curve, dome, ellipse, rays, ribbon
from plankton_embedding.images.sample.parts import Part, Random, blobs, hairs, solid


def spiral_open(random: Random) -> list[Part]:
    """A coiled thread with grains on it, its whorls apart."""
    angle = np.linspace(0, 2 * np.pi * random.uniform(1.9, 2.6), 140)
    radius = 0.12 + 0.4 * angle / angle[-1]
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    grains = path[::5]
    return [Part([ribbon(path, 0.03)], 0.7), blobs(random, grains, 0.04, 0.4)]


def spiral_shell(random: Random) -> list[Part]:
    """A coiled shell, its whorls touching and growing, with a foot that leaves it."""
    angle = np.linspace(0, 2 * np.pi * random.uniform(2.1, 2.5), 120)
    radius = 0.42 * np.exp(0.16 * (angle - angle[-1]))
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    whorls = [ribbon(path[i : i + 25], radius[i : i + 25] * 0.42) for i in range(0, 120, 20)]
    foot = curve(path[-2], angle[-1] + 1.41, random.uniform(0.2, 0.45), random.uniform(0, 0.6))
    return [
        Part(whorls, 0.7),
        Part([ribbon(path * 0.58, 0.018)], 0.7),
        *solid(foot, 0.17 * np.sqrt(np.linspace(1, 0, len(foot))), 0.6),
    ]


def egg_nucleus(random: Random) -> list[Part]:
    """A pale disc with a membrane and a dark nucleus off its centre."""
    x, y = random.uniform(-0.14, 0.14, 2)
    return [
        Part([ellipse(0, 0, 0.5)], 0.25),
        Part([ribbon(ellipse(0, 0, 0.48), 0.02)], 0.6),
        *solid(axis(x - 0.2, x + 0.2) + [0, y], random.uniform(0.15, 0.2) * dome(), 1.4),
    ]


def egg_hollow(random: Random) -> list[Part]:
    """A thick dark ring around nearly nothing."""
    wall = random.uniform(0.04, 0.12)
    return [
        Part([ellipse(0, 0, 0.5)], 0.12),
        Part([ribbon(ellipse(0, 0, 0.5 - wall), wall)], 0.9),
        Part([ribbon(ellipse(0, 0, 0.5 - wall), wall / 2)], 0.4),
    ]


def ball_radial_spines(random: Random) -> list[Part]:
    """A dark ball with spines all around."""
    count, radius = int(random.integers(12, 24)), random.uniform(0.2, 0.45)
    heading = np.linspace(0, 2 * np.pi, count, endpoint=False) + random.normal(0, 0.08, count)
    spines = rays(heading, 0.8 * radius, radius + random.uniform(0.25, 0.55, count))
    return [*solid(axis(-radius, radius), radius * dome(), 1.0), hairs(spines, 0.02)]


def star_five_arms(random: Random) -> list[Part]:
    """Five winding arms around a disc."""
    heading = np.linspace(0, 2 * np.pi, 5, endpoint=False) + random.normal(0, 0.08, 5)
    turn = random.uniform(-0.7, 0.7, 5)
    arms = [
        curve((0.1 * np.cos(way), 0.1 * np.sin(way)), way, random.uniform(0.6, 0.8), bend, 0.2)
        for way, bend in zip(heading, turn, strict=True)
    ]
    limbs = hairs(arms, 0.07)
    return [
        Part([ellipse(0, 0, 0.2), *limbs.outlines], 0.8),
        hairs(arms, 0.02, 0.4),
        *solid(axis(-0.13, 0.13), 0.13 * dome(), 0.4),
    ]


def shell_ribbed_fan(random: Random) -> list[Part]:
    """A fan of ribs with a scalloped rim and growth lines."""
    half_angle = random.uniform(0.75, 0.95)
    heading = np.linspace(-half_angle, half_angle, 33)
    scallop = 0.95 + 0.05 * np.abs(np.cos(np.linspace(0, 8 * np.pi, 33)))
    rim = np.stack([np.cos(heading), np.sin(heading)], axis=1) * scallop[:, None]
    hinge = np.array([[-0.05, -0.12], [-0.05, 0.12]])
    edge = np.concatenate([rim, hinge[::-1], rim[:1]])
    ribs = rays(heading[2:-1:4], 0.08, np.full(8, 0.95))
    growth = [ribbon(rim * scale, 0.012) for scale in random.uniform(0.45, 0.95, 4)]
    return [Part([edge], 0.5), Part([ribbon(rib, 0.018) for rib in ribs], 0.5), Part(growth, 0.35)]


def cone_long_arms(random: Random) -> list[Part]:
    """A cone with four long arms that spread from its tip."""
    spread = random.uniform(0.4, 0.55)
    heading = np.array([-1.0, -0.45, 0.45, 1.0]) * spread
    arms = [curve((-0.45, 0), way, random.uniform(1.2, 1.5), -0.5 * way) for way in heading]
    body = np.array([[-0.5, 0.0], *(arms[0][11:12]), [0.05, 0.0], *(arms[3][11:12])])
    return [
        Part([body], 0.45),
        hairs(arms, 0.05, 0.45),
        hairs(arms, 0.018, 0.8),
        *solid(axis(-0.25, 0.0), 0.08 * dome(), 0.8),
    ]
