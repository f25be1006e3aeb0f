"""Parts are as dark, and as many, as told."""

from __future__ import annotations

import numpy as np
import pytest

from plankton_embedding.images.sample.outlines import line
from plankton_embedding.images.sample.parts import blobs, cross_bars, hairs, solid


def test_a_solid_has_its_whole_density_at_the_midline_only() -> None:
    layers = solid(line((0, 0), (1, 0)), 0.5, 0.8)
    reach = [float(layer.outlines[0][:, 1].max()) for layer in layers]
    assert sum(layer.density for layer in layers) == pytest.approx(0.8)
    assert reach[0] == pytest.approx(0.5)
    assert reach == sorted(reach, reverse=True)


def test_hairs_taper_to_their_tips() -> None:
    (outline,) = hairs([line((0, 0), (1, 0))], 0.1).outlines
    width = np.ptp(np.stack([outline[:16, 1], outline[:15:-1, 1]]), axis=0)
    assert width[0] == pytest.approx(0.2)
    assert width[-1] == pytest.approx(0.07)


def test_blobs_lie_at_their_centres_and_vary_in_size() -> None:
    centre = np.array([[0.0, 0.0], [2.0, 1.0], [4.0, -1.0]])
    part = blobs(np.random.default_rng(0), centre, 0.1, 0.4)
    middles = [(grain.min(axis=0) + grain.max(axis=0)) / 2 for grain in part.outlines]
    sizes = np.array([np.ptp(grain, axis=0) for grain in part.outlines])
    assert np.array(middles) == pytest.approx(centre, abs=0.01)
    assert len(np.unique(sizes)) == 6
    assert ((sizes > 0.11) & (sizes < 0.29)).all()


def test_cross_bars_cross_the_axis_where_told() -> None:
    part = cross_bars([0.1, 0.7], 0.2, 0.01, 0.3)
    assert [float(bar[:, 0].mean()) for bar in part.outlines] == pytest.approx([0.1, 0.7])
    assert all(bar[:, 1].max() == pytest.approx(0.2) for bar in part.outlines)
