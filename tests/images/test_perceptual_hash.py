import imagehash
import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images.perceptual_hash import hash_pictures, shrink


def test_hashes_of_small_pictures_are_those_of_imagehash():
    random = np.random.default_rng(3)
    y, x = np.mgrid[0:50, 0:60]
    planes = [random.integers(0, 256, (9 + n, 60 - n), dtype=np.uint8) for n in range(20)]
    planes += [(127 + 120 * np.sin(x / (n + 2)) * np.cos(y / 9)).astype(np.uint8) for n in range(9)]
    # Without noise many frequencies are equal, and rounding decides.
    planes += [np.eye(40, dtype=np.uint8) * 255, np.full((30, 30), 7, dtype=np.uint8)]
    ours = hash_pictures(np.stack([shrink(plane) for plane in planes]))
    assert ours == [str(imagehash.phash(Image.fromarray(plane))) for plane in planes]


def test_hashes_of_large_pictures_are_nearly_those_of_imagehash():
    y, x = np.mgrid[-1:1:400j, -1:1:300j]
    for turn in range(12):
        animal = (x * np.cos(turn) + y * np.sin(turn)) ** 2 / 0.6 + (y - x) ** 2 / (1 + turn) < 0.3
        plane = np.where(animal, 60 + 40 * np.sin(9 * x), 240).astype(np.uint8)
        theirs = imagehash.phash(Image.fromarray(plane))
        ours = imagehash.hex_to_hash(hash_pictures(shrink(plane)[None])[0])
        assert ours - theirs <= 2


@pytest.mark.parametrize("shape", [(0, 32, 32)])
def test_no_pictures_have_no_hashes(shape):
    assert hash_pictures(np.empty(shape, dtype=np.uint8)) == []
