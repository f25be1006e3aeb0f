"""Batches of files of any size: the largest are refused unread, the longest are read."""

import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from malformed_images import png_of
from plankton_embedding.images.given_images import GivenImageError, prepare_images
from plankton_embedding.images.listing import list_unlabelled_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.prepare_batch import prepare_batch
from plankton_embedding.images.preprocess import preprocess

_SIDE = 20_000
# The most that the parameter can be; Pillow itself refuses more.
_MOST_PIXELS = 178_956_970


@pytest.fixture
def prepare(tmp_path, tiny):
    """Return a function that prepares all files of the folder."""

    def prepare(max_pixels):
        location = open_location(str(tmp_path))
        files = list_unlabelled_images(location, tiny.source).files
        scan = tiny.scan.model_copy(update={"max_pixels": max_pixels})
        return prepare_batch(location.filesystem, scan, tiny.preprocess, files)

    return prepare


@pytest.mark.parametrize("max_pixels", [10**6, 10**8, _MOST_PIXELS])
def test_an_image_of_20_000_pixels_a_side_is_refused_and_not_decoded(
    tmp_path, tiny, prepare, monkeypatch, max_pixels
):
    # A whole image of one bit a pixel, as a scan of a plate is.
    content = png_of(_SIDE, _SIDE, bytes((1 + _SIDE // 8) * _SIDE), depth=1)
    (tmp_path / "plate.png").write_bytes(content)

    def load(*args):
        pytest.fail("it was decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    (reason,) = prepare(max_pixels).reasons
    assert reason.startswith("too large: ")
    assert "20000 x 20000" in reason or "400000000 pixels" in reason
    scan = tiny.scan.model_copy(update={"max_pixels": max_pixels})
    with pytest.raises(GivenImageError, match="image 0: too large"):
        prepare_images([content], scan, tiny.preprocess)


def test_a_chain_of_20_000_pixels_is_an_image_like_others(tmp_path, tiny, prepare):
    pixels = np.random.default_rng(0).integers(256, size=(30, _SIDE), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "chain.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch = prepare(10**6)
    assert batch.reasons == [""]
    expected = preprocess((tmp_path / "chain.png").read_bytes(), tiny.preprocess)
    np.testing.assert_array_equal(batch.pixels, [expected])
    assert prepare(30 * _SIDE - 1).reasons == ["too large: 20000 x 30 pixels"]


def test_what_the_embedder_s_card_says_of_background_and_depth_counts(tmp_path, tiny):
    random = np.random.default_rng(0)
    clear = random.integers(256, size=(20, 30, 4), dtype=np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    deep = random.integers(2**10, size=(20, 30), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    options = tiny.preprocess.model_copy(update={"background": "black", "bit_depth": 12})
    paths = [tmp_path / "clear.png", tmp_path / "deep.png"]
    files = pd.DataFrame({"path": map(str, paths), "reason": ""})
    filesystem = open_location(str(tmp_path)).filesystem
    batch = prepare_batch(filesystem, tiny.scan, options, files)
    contents = [path.read_bytes() for path in paths]
    expected = [preprocess(content, options) for content in contents]
    np.testing.assert_array_equal(batch.pixels, expected)
    np.testing.assert_array_equal(prepare_images(contents, tiny.scan, options), expected)
    others = [preprocess(content, tiny.preprocess) for content in contents]
    assert all((one != other).any() for one, other in zip(expected, others, strict=True))
