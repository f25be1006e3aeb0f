"""Every class has a drawing of its own."""

from __future__ import annotations

import numpy as np
import pytest

from plankton_embedding.images.sample.classes import CLASSES


def test_each_class_is_drawn_by_the_function_of_its_name() -> None:
    for name, drawing in CLASSES.items():
        assert drawing.__name__ == name.replace("__", "_")


@pytest.mark.parametrize("name", CLASSES)
def test_a_drawing_is_a_body_of_finite_outlines_about_one_unit_long(name: str) -> None:
    for seed in range(4):
        parts = CLASSES[name](np.random.default_rng(seed))
        points = np.concatenate([outline for part in parts for outline in part.outlines])
        assert points.shape[1] == 2
        assert np.isfinite(points).all()
        assert 0.7 < np.ptp(points, axis=0).max() < 3
