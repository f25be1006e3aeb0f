import io

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images.decode import UnreadableImageError
from plankton_embedding.images.preprocess import border_level, preprocess


def _png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(content, "PNG")
    return content.getvalue()


def _flat(height: int, width: int, level: int = 100) -> bytes:
    return _png(np.full((height, width), level))


def _box(canvas: np.ndarray, background: int) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of what is not background, ends not included."""
    rows, columns = np.nonzero(canvas != background)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [
        (40, 80, (20, 60, 0, 80)),  # as wide as the canvas
        (80, 40, (0, 80, 20, 60)),
        (20, 40, (20, 60, 0, 80)),  # enlarged
        (200, 400, (20, 60, 0, 80)),  # reduced
        (30, 30, (0, 80, 0, 80)),
        (80, 33, (0, 80, 23, 56)),  # a middle between pixels lies up and left
        (1, 300, (39, 40, 0, 80)),
        (300, 1, (0, 80, 39, 40)),
        (1, 1, (0, 80, 0, 80)),
    ],
)
def test_resize_fills_the_canvas_keeps_the_aspect_and_centres(
    preprocess_options, height, width, box
):
    canvas = preprocess(_flat(height, width), preprocess_options())
    assert canvas.shape == (80, 80)
    assert canvas.dtype == np.uint8
    assert _box(canvas, 255) == box
    top, bottom, left, right = box
    assert (canvas[top:bottom, left:right] == 100).all()
    assert (canvas == 100).sum() == (bottom - top) * (right - left)


@pytest.mark.parametrize("size", [75, 299])
def test_the_canvas_has_the_size_asked_for(preprocess_options, size):
    canvas = preprocess(_flat(7, 20), preprocess_options(image_size=size))
    assert canvas.shape == (size, size)


def test_shrink_only_leaves_small_images_as_they_are(preprocess_options):
    pixels = np.random.default_rng(0).integers(0, 255, (31, 50))
    canvas = preprocess(_png(pixels), preprocess_options(fit="shrink_only"))
    np.testing.assert_array_equal(canvas[24:55, 15:65], pixels)
    assert (canvas == 255).sum() == 80 * 80 - 31 * 50


def test_shrink_only_leaves_a_single_pixel_in_the_middle(preprocess_options):
    canvas = preprocess(_flat(1, 1), preprocess_options(fit="shrink_only"))
    assert _box(canvas, 255) == (39, 40, 39, 40)


@pytest.mark.parametrize(("height", "width"), [(160, 100), (81, 3), (1, 300), (80, 80)])
def test_shrink_only_treats_large_images_as_resize_does(preprocess_options, height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width))
    shrunk = preprocess(_png(pixels), preprocess_options(fit="shrink_only"))
    np.testing.assert_array_equal(shrunk, preprocess(_png(pixels), preprocess_options()))


def test_an_image_of_the_size_of_the_canvas_is_unchanged(preprocess_options):
    pixels = np.random.default_rng(0).integers(0, 256, (80, 80))
    np.testing.assert_array_equal(preprocess(_png(pixels), preprocess_options()), pixels)


def test_reducing_averages_over_the_pixels_covered(preprocess_options):
    stripes = np.zeros((800, 800))
    stripes[:, ::2] = 200  # a filter that picks pixels would see one colour only
    canvas = preprocess(_png(stripes), preprocess_options())
    np.testing.assert_allclose(canvas, 100, atol=3)


@pytest.mark.parametrize(("background", "level"), [("white", 255), ("black", 0)])
def test_the_background_is_the_level_asked_for(preprocess_options, background, level):
    canvas = preprocess(_flat(40, 80), preprocess_options(background=background))
    assert (canvas[:20] == level).all()
    assert (canvas[60:] == level).all()
    assert (canvas[20:60] == 100).all()


@pytest.mark.parametrize(("border", "inside", "level"), [(230, 10, 255), (20, 240, 0)])
def test_the_automatic_background_is_that_of_the_border(preprocess_options, border, inside, level):
    pixels = np.full((40, 80), inside)
    pixels[[0, -1]] = border
    pixels[:, [0, -1]] = border
    canvas = preprocess(_png(pixels), preprocess_options(background="auto"))
    assert (canvas[:20] == level).all()
    assert (canvas[60:] == level).all()


def test_border_level_is_the_side_of_the_median_of_all_four_edges():
    random = np.random.default_rng(4)
    for _ in range(50):
        height, width = random.integers(1, 9, 2)
        plane = random.integers(0, 256, (height, width), dtype=np.uint8)
        top_and_bottom = [int(plane[row, c]) for row in (0, -1) for c in range(width)]
        sides = [int(plane[r, column]) for column in (0, -1) for r in range(height)]
        ordered = sorted(top_and_bottom + sides)
        middle = (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2
        assert border_level(plane) == (255 if middle >= 128 else 0)


@pytest.mark.parametrize(("level", "expected"), [(127, 0), (128, 255)])
def test_border_level_turns_at_half(level, expected):
    assert border_level(np.full((3, 3), level, dtype=np.uint8)) == expected


@pytest.mark.parametrize(("background", "level"), [("white", 255), ("black", 0), ("auto", 255)])
def test_transparency_shows_the_background_asked_for(preprocess_options, background, level):
    image = Image.new("RGBA", (80, 80), (100, 100, 100, 0))
    image.paste((100, 100, 100, 255), (20, 20, 60, 60))
    content = io.BytesIO()
    image.save(content, "PNG")
    canvas = preprocess(content.getvalue(), preprocess_options(background=background))
    assert _box(canvas, level) == (20, 60, 20, 60)


def test_crop_bottom_cuts_the_scale_bar_off_before_anything_else(preprocess_options):
    pixels = np.full((60, 80), 100)
    pixels[-20:] = 0
    canvas = preprocess(_png(pixels), preprocess_options(crop_bottom=20))
    assert _box(canvas, 255) == (20, 60, 0, 80)
    assert (canvas != 0).all()


def test_crop_bottom_comes_before_the_automatic_background(preprocess_options):
    pixels = np.full((60, 80), 230)
    pixels[-40:] = 0
    canvas = preprocess(_png(pixels), preprocess_options(crop_bottom=40, background="auto"))
    assert (canvas[0] == 255).all()


@pytest.mark.parametrize(("crop", "rows"), [(0, 40), (1, 39), (39, 1), (40, 40), (99, 40)])
def test_crop_bottom_leaves_an_image_whole_that_would_vanish(preprocess_options, crop, rows):
    options = preprocess_options(crop_bottom=crop, fit="shrink_only")
    assert (preprocess(_flat(40, 10), options) == 100).sum() == rows * 10


def test_what_is_no_image_is_refused(preprocess_options):
    with pytest.raises(UnreadableImageError, match="not an image"):
        preprocess(b"notes", preprocess_options())
