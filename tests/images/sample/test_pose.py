"""A posed organism fits its image."""

from __future__ import annotations

import numpy as np
import pytest

from plankton_embedding.images.sample.classes import CLASSES
from plankton_embedding.images.sample.outlines import ellipse
from plankton_embedding.images.sample.parts import Part
from plankton_embedding.images.sample.pose import pose


@pytest.mark.parametrize("name", CLASSES)
def test_sizes_stay_within_30_and_300_pixels(name: str) -> None:
    for seed in range(4):
        parts, (width, height) = pose(
            CLASSES[name](np.random.default_rng(seed)), np.random.default_rng(seed)
        )
        points = np.concatenate([outline for part in parts for outline in part.outlines])
        assert 30 <= width <= 300
        assert 30 <= height <= 300
        assert points.min() > 0
        assert (points < [width, height]).all()


def test_parts_keep_their_densities_and_their_order() -> None:
    parts = [Part([ellipse(0, 0, radius)], density) for radius, density in ((0.5, 0.3), (0.2, -1))]
    posed, _ = pose(parts, np.random.default_rng(0))
    assert [part.density for part in posed] == [0.3, -1]
    assert np.ptp(posed[0].outlines[0]) > np.ptp(posed[1].outlines[0])
