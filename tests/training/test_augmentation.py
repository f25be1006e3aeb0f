"""Augmentation on batches."""

import pytest
import torch
from torch.nn.functional import interpolate

from plankton_embedding.parameters import AugmentationOptions
from plankton_embedding.training.augmentation import Augmentation, rotate_and_scale


def augment(images, seed=0, **changes):
    nothing = {"flips_and_turns": False, "rotation": 0, "scale": 0, "brightness": 0}
    torch.manual_seed(seed)
    return Augmentation(AugmentationOptions(**(nothing | changes)))(images)


@pytest.fixture
def images():
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (200, 16, 16), dtype=torch.uint8, generator=random)


def test_nothing_changes_nothing(images):
    assert augment(images) is images


def test_flips_keep_every_pixel(images):
    changed = augment(images, flips_and_turns=True)
    assert changed.dtype == torch.uint8
    assert torch.equal(changed.flatten(1).sort().values, images.flatten(1).sort().values)
    assert not torch.equal(changed, images)


def test_brightness_multiplies_each_image_by_a_factor_of_its_own():
    gray = torch.full((500, 4, 4), 100, dtype=torch.uint8)
    factors = augment(gray, brightness=0.2)[:, 0, 0] / 100
    assert 0.8 <= factors.min() < 0.82
    assert 1.18 < factors.max() <= 1.2
    assert augment(gray * 2, brightness=0.9).max() == 255


def test_a_quarter_turn_is_a_quarter_turn(images, monkeypatch):
    monkeypatch.setattr(
        "plankton_embedding.training.augmentation._symmetric", lambda n, device: torch.ones(n)
    )
    turned = rotate_and_scale(images, degrees=90, scale=0)
    quarters = [images.float().rot90(k, (1, 2)) for k in (1, 3)]
    assert any(torch.allclose(turned, quarter, atol=1e-2) for quarter in quarters)


def test_a_larger_scale_shows_a_larger_animal(monkeypatch):
    monkeypatch.setattr(
        "plankton_embedding.training.augmentation._symmetric", lambda n, device: torch.ones(n)
    )
    square = torch.zeros(1, 32, 32)
    square[:, 12:20, 12:20] = 255
    larger = rotate_and_scale(square, degrees=0, scale=0.5)
    # 8 x 8 pixels, one and a half times as long on each side.
    assert larger.sum() / 255 == pytest.approx(12 * 12, rel=0.1)


def test_images_are_rotated_each_in_a_way_of_its_own():
    smooth = interpolate(torch.rand(1, 1, 4, 4), 16, mode="bilinear")[0].mul(255).expand(50, -1, -1)
    changed = augment(smooth, rotation=20, scale=0.1)
    assert changed.shape == smooth.shape
    assert len({tuple(image.flatten().tolist()) for image in changed}) == 50
    assert changed.min() >= smooth.min() - 1e-3
    assert changed.max() <= smooth.max() + 1e-3
