import io

import numpy as np
import pytest
from PIL import Image

from malformed_images import encoded, png_of
from plankton_embedding.images.completeness import missing_part


def _missing(content: bytes) -> str:
    image = Image.open(io.BytesIO(content))
    image.load()
    return missing_part(image, content)


@pytest.mark.parametrize("rows", [1, 29])
def test_rows_that_a_png_lacks_are_noticed(rows):
    content = png_of(40, 30, (b"\0" + bytes(range(40))) * rows)
    assert _missing(content) == f"{rows / 30:.0%} of the pixels are there"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_whole_png_that_ends_in_black_is_whole(mode):
    assert _missing(encoded(Image.new(mode, (13, 9)), "PNG")) == ""


def test_gray_under_a_jpeg_is_only_a_missing_part_if_it_is_exactly_that_of_the_decoder():
    pixels = np.full((64, 64), 100, dtype=np.uint8)
    pixels[20:30, 20:30] = 10
    assert _missing(encoded(Image.fromarray(pixels), "JPEG")) == ""
    pixels[40:] = 128
    assert _missing(encoded(Image.fromarray(pixels), "JPEG")) == "the lower part is missing"
