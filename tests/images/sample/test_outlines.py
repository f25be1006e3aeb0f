"""Paths go where they are told, and outlines enclose what they should."""

from __future__ import annotations

import numpy as np
import pytest

from plankton_embedding.images.sample.outlines import (
    Points,
    axis,
    both_sides,
    curve,
    dome,
    ellipse,
    line,
    rays,
    ribbon,
)


def _area(outline: Points) -> float:
    x, y = outline.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def test_a_line_ends_where_it_should() -> None:
    path = line((1, 2), (3, -4))
    assert path[0].tolist() == [1, 2]
    assert path[-1].tolist() == [3, -4]


def test_a_curve_sets_out_as_told_and_turns_by_its_turn() -> None:
    path = curve((1, 2), 0.5, 3.0, turn=1.0)
    steps = np.diff(path, axis=0)
    heading = np.arctan2(steps[:, 1], steps[:, 0])
    assert path[0] == pytest.approx([1, 2])
    assert heading[0] == pytest.approx(0.5, abs=0.05)
    assert heading[-1] == pytest.approx(1.5)
    assert np.linalg.norm(steps, axis=1) == pytest.approx(3 / 32)


def test_a_ribbon_is_as_wide_as_told() -> None:
    assert _area(ribbon(line((0, 0), (2, 0)), 0.25)) == pytest.approx(1)


def test_a_ribbon_along_an_axis_with_a_dome_is_an_ellipse() -> None:
    body = ribbon(axis(-2, 2), 0.5 * dome())
    assert _area(body) == pytest.approx(np.pi, rel=0.01)


def test_a_ribbon_around_a_closed_path_is_a_ring() -> None:
    radii = np.linalg.norm(ribbon(ellipse(0, 0, 1), 0.1), axis=1)
    assert radii[:40] == pytest.approx(0.9)
    assert radii[40:] == pytest.approx(1.1)


def test_both_sides_mirror_across_the_x_axis() -> None:
    upper, lower = both_sides(line((0, 1), (1, 2)))
    assert (lower == upper * [1, -1]).all()


def test_rays_reach_from_circle_to_circle() -> None:
    for ray, reach in zip(
        rays(np.array([0.0, 2.0]), 0.5, np.array([1.0, 3.0])), (1, 3), strict=True
    ):
        radii = np.linalg.norm(ray, axis=1)
        assert radii[0] == pytest.approx(0.5)
        assert radii[-1] == pytest.approx(reach)
