"""The organisms of the embedded sample: 27 drawings composed of a few shared parts.

An organism is a list of parts; a part is a set of filled outlines of one optical density, so
that overlapping parts darken each other as translucent tissue does. Bodies lie along the x axis,
head at positive x, about one unit long; pose, size and ink are the business of ``sample``.
The class names say what is drawn: they are no taxa.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Part:
    """Filled outlines, each (points, 2), of one optical density; a negative one makes lighter."""

    outlines: Sequence[Points]
    density: float


# --- paths and outlines ---------------------------------------------------------------------


def line(start: Iterable[float], end: Iterable[float]) -> Points:
    """A straight path, with points enough to be bent later."""
    return np.linspace(np.array([*start], float), np.array([*end], float), 16)


def curve(
    start: Iterable[float], heading: float, length: float, turn: float = 0.0, wave: float = 0.0
) -> Points:
    """A path that sets out in `heading`, turns by `turn` and swings by `wave` (radians)."""
    along = np.linspace(0, 1, 32)
    direction = heading + turn * along + wave * np.sin(2.5 * np.pi * along)
    steps = np.stack([np.cos(direction), np.sin(direction)], axis=1) * length / len(along)
    path: Points = np.array([*start], float) + np.cumsum(steps, axis=0) - steps[0]
    return path


def axis(tail: float, head: float) -> Points:
    """A path on the x axis with its points crowded at both ends, where bodies are round."""
    x = (tail + head) / 2 - (head - tail) / 2 * np.cos(np.linspace(0, np.pi, 40))
    return np.stack([x, np.zeros_like(x)], axis=1)


def dome() -> NDArray[np.float64]:
    """Half widths along an `axis` that make it an ellipse."""
    return np.sin(np.linspace(0, np.pi, 40))


def ellipse(x: float, y: float, radius_x: float, radius_y: float | None = None) -> Points:
    """A closed outline; a circle where one radius is given."""
    angle = np.linspace(0, 2 * np.pi, 40)
    radius_y = radius_x if radius_y is None else radius_y
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


def ribbon(path: Points, half_width: float | NDArray[np.float64]) -> Points:
    """The outline of a band around a path; around a closed path it is a ring."""
    tangent = np.gradient(path, axis=0)
    if np.allclose(path[0], path[-1]):
        tangent[[0, -1]] = tangent[0] + tangent[-1]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    offset = normal * np.broadcast_to(half_width, len(path))[:, None]
    return np.concatenate([path + offset, (path - offset)[::-1]])


def both_sides(path: Points) -> list[Points]:
    """A path and its mirror image across the x axis."""
    return [path, path * [1, -1]]


# --- parts ----------------------------------------------------------------------------------


def solid(path: Points, half_width: float | NDArray[np.float64], density: float) -> list[Part]:
    """A band of tissue, thicker and so darker towards its midline."""
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


def rays(heading: NDArray[np.float64], inner: float, outer: NDArray[np.float64]) -> list[Points]:
    """Straight paths from a circle of radius `inner` around the origin out to `outer`."""
    unit = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return [line(inner * way, reach * way) for way, reach in zip(unit, outer, strict=True)]


def cross_bars(x: Iterable[float], half_length: float, half_width: float, density: float) -> Part:
    """Thin bars across the x axis, as between the segments of a body."""
    bars = [line((at, -half_length), (at, half_length)) for at in x]
    return Part([ribbon(bar, half_width) for bar in bars], density)


# --- ovals: one body, different appendages -----------------------------------------------------


def oval_body(random: Random) -> list[Part]:
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


def antennae(random: Random, length: float) -> Part:
    """A pair that leaves the head sideways and sweeps back."""
    heading, turn = random.uniform(1.2, 1.6), random.uniform(0.5, 1.0)
    return hairs(both_sides(curve((0.4, 0.08), heading, length, turn)), 0.022)


def short_fork(random: Random) -> Part:
    """The two short bristles that end the tail of an oval body."""
    return hairs(both_sides(curve((-0.78, 0.03), np.pi - 0.35, random.uniform(0.12, 0.2))), 0.02)


def _oval_long_antennae(random: Random) -> list[Part]:
    pair = antennae(random, random.uniform(1.05, 1.4))
    return [*oval_body(random), pair, short_fork(random)]


def _oval_short_antennae(random: Random) -> list[Part]:
    pair = antennae(random, random.uniform(0.3, 0.45))
    return [*oval_body(random), pair, short_fork(random)]


def _oval_feathery_tail(random: Random) -> list[Part]:
    heading = np.pi + np.linspace(-0.95, 0.95, int(random.integers(9, 13)))
    length = random.uniform(0.5, 0.7)
    plumes = [curve((-0.76, 0), way, length, 0.5 * (way - np.pi)) for way in heading]
    pair = antennae(random, random.uniform(0.3, 0.9))
    return [*oval_body(random), hairs(plumes, 0.014, 0.8), pair]


def _oval_two_egg_sacs(random: Random) -> list[Part]:
    length, width = random.uniform(0.2, 0.27), random.uniform(0.1, 0.13)
    x, y = -0.42 - length, width + 0.04
    grains = random.uniform(-0.7, 0.7, (12, 2)) * [length, width] + [x, y]
    eggs = [blobs(random, grains * side, 0.045, 0.35) for side in ([1, 1], [1, -1])]
    pair = antennae(random, random.uniform(0.3, 0.9))
    sacs = Part(both_sides(ellipse(x, y, length, width)), 0.65)
    return [*oval_body(random), sacs, *eggs, pair, short_fork(random)]


def _drop_forked_tail(random: Random) -> list[Part]:
    body = axis(-0.9, 0.45)
    profile = random.uniform(0.24, 0.3) * np.exp(-(((body[:, 0] - 0.12) / 0.34) ** 2)) + 0.035
    profile *= np.minimum(1, 3 * dome())
    spread = random.uniform(0.3, 0.5)
    fork = both_sides(curve((-0.88, 0.02), np.pi - spread, random.uniform(0.6, 0.8)))
    pair = antennae(random, random.uniform(0.25, 0.4))
    bars = cross_bars(np.linspace(-0.8, -0.3, 5), 0.05, 0.01, 0.3)
    return [*solid(body, profile, 1.0), hairs(fork, 0.02), pair, bars]


# --- rods and worms ----------------------------------------------------------------------------


def rod_body(random: Random) -> tuple[list[Part], float]:
    """A capsule with grains in it, and its half width."""
    half_width = random.uniform(0.045, 0.075)
    profile = half_width * np.minimum(1, 4 * dome())
    grains = random.uniform(-1, 1, (14, 2)) * [0.43, half_width / 2]
    return [*solid(axis(-0.5, 0.5), profile, 0.8), blobs(random, grains, 0.02, 0.4)], half_width


def _rod_smooth(random: Random) -> list[Part]:
    return rod_body(random)[0]


def _rod_spined(random: Random) -> list[Part]:
    body, half_width = rod_body(random)
    length, lean = random.uniform(0.16, 0.24), random.uniform(-0.3, 0.3)
    along = np.linspace(-0.45, 0.45, int(random.integers(9, 13)))
    spines = [curve((x, half_width * 0.8), np.pi / 2 + lean, length) for x in along]
    return [*body, hairs([side for spine in spines for side in both_sides(spine)], 0.011, 0.9)]


def _rod_side_fins(random: Random) -> list[Part]:
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


def _curved_many_legs(random: Random) -> list[Part]:
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


# --- bells ---------------------------------------------------------------------------------


def bell_dome(random: Random) -> list[Part]:
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


def hanging(random: Random, count: int, length: float, half_width: float) -> Part:
    """Wavy tentacles that hang from the rim of a bell."""
    roots = np.linspace(-0.42, 0.42, count)
    swing = random.uniform(-0.5, 0.5, count)
    reach = length * random.uniform(0.8, 1.2, count)
    paths = [
        curve((0, y), np.pi - 0.5 * y, r, w, 0.3)
        for y, r, w in zip(roots, reach, swing, strict=True)
    ]
    return hairs(paths, half_width, 0.9)


def _bell_four_tentacles(random: Random) -> list[Part]:
    return [*bell_dome(random), hanging(random, 4, random.uniform(0.9, 1.2), 0.028)]


def _bell_many_tentacles(random: Random) -> list[Part]:
    count = int(random.integers(16, 22))
    return [*bell_dome(random), hanging(random, count, random.uniform(0.4, 0.6), 0.014)]


def _bell_inner_stalk(random: Random) -> list[Part]:
    stalk = curve((0.42, 0), np.pi, random.uniform(0.8, 1.0), random.uniform(-0.3, 0.3))
    lobes = [curve(stalk[-3], np.pi + way, 0.28, way) for way in (-0.8, -0.25, 0.25, 0.8)]
    return [*bell_dome(random), *solid(stalk, 0.085, 1.1), hairs(lobes, 0.045, 0.9)]


def _bell_pointed(random: Random) -> list[Part]:
    half = random.uniform(0.3, 0.38)
    corners = np.array([[0.8, 0.0], [0.25, 0.8], [-0.35, 1.0], [-0.5, 0.75], [-0.38, 0.0]])
    upper = np.concatenate([line(*corners[i : i + 2])[:-1] for i in range(4)]) * [1, half]
    edge = np.concatenate([upper, (upper * [1, -1])[::-1]])
    cavity = axis(-0.45, random.uniform(0.05, 0.25))
    oil = axis(0.0, 0.5) + [0.05, 0.12 * half]
    return [
        Part([edge], 0.32),
        Part([ribbon(edge, 0.016)], 0.6),
        Part([ribbon(ribbon(cavity, half * 0.55 * dome()), 0.014)], 0.5),
        *solid(oil, 0.05 * dome(), 0.8),
    ]


# --- chains ----------------------------------------------------------------------------------


def chain_path(random: Random, count: int, spacing: float) -> tuple[Points, NDArray[np.float64]]:
    """Centres of the links along a curved line, and the heading at each."""
    turn = random.uniform(-1.2, 1.2)
    heading = np.linspace(-turn / 2, turn / 2, count)
    centre = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0) * spacing
    return centre - centre.mean(axis=0), heading


def placed(shape: Points, centre: Points, heading: NDArray[np.float64]) -> list[Points]:
    """Copies of a shape, turned to each heading and moved to each centre."""
    turns = np.stack([np.cos(heading), np.sin(heading), -np.sin(heading), np.cos(heading)], axis=1)
    return list(shape @ turns.reshape(-1, 2, 2) + centre[:, None])


def chain_of(random: Random, shape: Points, spacing: float, spine: float) -> list[Part]:
    """Links with a dark wall and a grain each, and spines between them where `spine` > 0."""
    centre, heading = chain_path(random, int(random.integers(5, 10)), spacing)
    links = placed(shape, centre, heading)
    parts = [
        Part(links, 0.5),
        Part([ribbon(link, 0.014) for link in links], 0.7),
        blobs(random, centre + random.normal(0, 0.02, centre.shape), 0.045, 0.7),
    ]
    if spine:
        lean = random.uniform(-0.2, 0.2)
        pair = both_sides(curve((spacing / 2, 0.05), np.pi / 2 + lean, spine, -lean))
        parts.append(
            hairs([copy for path in pair for copy in placed(path, centre, heading)], 0.013)
        )
    return parts


def box(half_x: float, half_y: float) -> Points:
    """A closed rectangle with points enough to be bent."""
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]]) * [half_x, half_y]
    return np.concatenate([line(*corners[i : i + 2]) for i in range(4)])


def _chain_round_links(random: Random) -> list[Part]:
    return chain_of(random, ellipse(0, 0, 0.13), 0.265, 0)


def _chain_square_links(random: Random) -> list[Part]:
    return chain_of(random, box(0.085, random.uniform(0.15, 0.2)), 0.2, 0)


def _chain_spined_links(random: Random) -> list[Part]:
    return chain_of(random, ellipse(0, 0, 0.11, 0.12), 0.23, random.uniform(0.45, 0.6))


# --- spirals, spheres, stars -----------------------------------------------------------------


def _spiral_open(random: Random) -> list[Part]:
    angle = np.linspace(0, 2 * np.pi * random.uniform(1.9, 2.6), 140)
    radius = 0.12 + 0.4 * angle / angle[-1]
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    grains = path[::5]
    return [Part([ribbon(path, 0.03)], 0.7), blobs(random, grains, 0.04, 0.4)]


def _spiral_shell(random: Random) -> list[Part]:
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


def _egg_nucleus(random: Random) -> list[Part]:
    x, y = random.uniform(-0.14, 0.14, 2)
    return [
        Part([ellipse(0, 0, 0.5)], 0.25),
        Part([ribbon(ellipse(0, 0, 0.48), 0.02)], 0.6),
        *solid(axis(x - 0.2, x + 0.2) + [0, y], random.uniform(0.15, 0.2) * dome(), 1.4),
    ]


def _egg_hollow(random: Random) -> list[Part]:
    wall = random.uniform(0.04, 0.12)
    return [
        Part([ellipse(0, 0, 0.5)], 0.12),
        Part([ribbon(ellipse(0, 0, 0.5 - wall), wall)], 0.9),
        Part([ribbon(ellipse(0, 0, 0.5 - wall), wall / 2)], 0.4),
    ]


def _ball_radial_spines(random: Random) -> list[Part]:
    count, radius = int(random.integers(12, 24)), random.uniform(0.2, 0.45)
    heading = np.linspace(0, 2 * np.pi, count, endpoint=False) + random.normal(0, 0.08, count)
    spines = rays(heading, 0.8 * radius, radius + random.uniform(0.25, 0.55, count))
    return [*solid(axis(-radius, radius), radius * dome(), 1.0), hairs(spines, 0.02)]


def _star_five_arms(random: Random) -> list[Part]:
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


# --- the rest ----------------------------------------------------------------------------------


def _cone_long_arms(random: Random) -> list[Part]:
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


def _tadpole_wavy_tail(random: Random) -> list[Part]:
    tail = curve((0.2, 0), np.pi, random.uniform(1.2, 1.5), random.uniform(-0.8, 0.8), 0.5)
    width = random.uniform(0.07, 0.1) * np.minimum(1, np.linspace(2.5, 0.2, len(tail)))
    head = axis(0.1, 0.6)
    return [
        *solid(head, random.uniform(0.14, 0.19) * dome(), 1.1),
        Part([ellipse(0.25, 0.03, 0.07)], 0.6),
        Part([ribbon(tail, width)], 0.35),
        Part([ribbon(tail, 0.016)], 0.7),
    ]


def _shell_ribbed_fan(random: Random) -> list[Part]:
    half_angle = random.uniform(0.75, 0.95)
    heading = np.linspace(-half_angle, half_angle, 33)
    scallop = 0.95 + 0.05 * np.abs(np.cos(np.linspace(0, 8 * np.pi, 33)))
    rim = np.stack([np.cos(heading), np.sin(heading)], axis=1) * scallop[:, None]
    hinge = np.array([[-0.05, -0.12], [-0.05, 0.12]])
    edge = np.concatenate([rim, hinge[::-1], rim[:1]])
    ribs = rays(heading[2:-1:4], 0.08, np.full(8, 0.95))
    growth = [ribbon(rim * scale, 0.012) for scale in random.uniform(0.45, 0.95, 4)]
    return [Part([edge], 0.5), Part([ribbon(rib, 0.018) for rib in ribs], 0.5), Part(growth, 0.35)]


def _filament_bundle(random: Random) -> list[Part]:
    count = int(random.integers(14, 24))
    start = random.normal(0, 1, (count, 2)) * [0.12, 0.07] - [0.6, 0]
    heading, turn = random.normal(0, 0.12, count), random.normal(0, 0.25, count)
    length = random.uniform(0.8, 1.4, count)
    threads = [curve(*setting) for setting in zip(start, heading, length, turn, strict=True)]
    return [Part([ribbon(thread, 0.013)], 0.45) for thread in threads]


def _aggregate_fluffy(random: Random) -> list[Part]:
    centre = random.normal(0, 1, (5, 1, 2)) * [0.3, 0.15]
    grains = (centre + random.normal(0, 0.12, (5, 40, 2))).reshape(-1, 2)
    flakes = [blobs(random, grains[i::4], 0.025 * (i + 1), 0.3) for i in range(4)]
    fibres = [
        curve(point, random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.5), random.normal(0, 1.5))
        for point in grains[::12]
    ]
    return [*flakes, hairs(fibres, 0.012, 0.6)]


CLASSES: dict[str, Callable[[Random], list[Part]]] = {
    "aggregate__fluffy": _aggregate_fluffy,
    "ball__radial_spines": _ball_radial_spines,
    "bell__four_tentacles": _bell_four_tentacles,
    "bell__inner_stalk": _bell_inner_stalk,
    "bell__many_tentacles": _bell_many_tentacles,
    "bell__pointed": _bell_pointed,
    "chain__round_links": _chain_round_links,
    "chain__spined_links": _chain_spined_links,
    "chain__square_links": _chain_square_links,
    "cone__long_arms": _cone_long_arms,
    "curved__many_legs": _curved_many_legs,
    "drop__forked_tail": _drop_forked_tail,
    "egg__hollow": _egg_hollow,
    "egg__nucleus": _egg_nucleus,
    "filament__bundle": _filament_bundle,
    "oval__feathery_tail": _oval_feathery_tail,
    "oval__long_antennae": _oval_long_antennae,
    "oval__short_antennae": _oval_short_antennae,
    "oval__two_egg_sacs": _oval_two_egg_sacs,
    "rod__side_fins": _rod_side_fins,
    "rod__smooth": _rod_smooth,
    "rod__spined": _rod_spined,
    "shell__ribbed_fan": _shell_ribbed_fan,
    "spiral__open": _spiral_open,
    "spiral__shell": _spiral_shell,
    "star__five_arms": _star_five_arms,
    "tadpole__wavy_tail": _tadpole_wavy_tail,
}
