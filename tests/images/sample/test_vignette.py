"""A vignette is a gray image, dark on white, that anybody can draw again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images.sample.classes import CLASSES
from plankton_embedding.images.sample.outlines import ellipse
from plankton_embedding.images.sample.parts import Part
from plankton_embedding.images.sample.vignette import _ink, draw_vignette


def _draw(name: str, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    return draw_vignette(CLASSES[name](random), random)


@pytest.mark.parametrize("name", CLASSES)
def test_images_are_gray_vignettes_dark_on_white(name: str) -> None:
    for seed in range(2):
        image = _draw(name, seed)
        assert image.mode == "L"
        assert min(image.size) >= 30
        assert max(image.size) <= 300
        pixels = np.asarray(image)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert np.median(border) > 225
        assert np.mean(pixels < 215) > 0.01


def test_the_image_hangs_on_the_generator_alone() -> None:
    name = next(iter(CLASSES))
    assert _draw(name, 3).tobytes() == _draw(name, 3).tobytes()
    assert _draw(name, 3).tobytes() != _draw(name, 4).tobytes()


@pytest.mark.parametrize("width", [60, 200])
def test_overlapping_parts_add_their_ink(width: int) -> None:
    parts = [Part([ellipse(20, 25, 8)], 0.5), Part([ellipse(30, 25, 8)], 0.75)]
    density = _ink(parts, width, 50)
    assert density.shape == (50, width)
    assert density[25, 15] == pytest.approx(0.5)
    assert density[25, 25] == pytest.approx(1.25)
    assert density[25, 35] == pytest.approx(0.75)
    assert density[25, 50] == 0
