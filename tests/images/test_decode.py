import io

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images.decode import UnreadableImageError, open_image, to_gray

RAMP = np.arange(0, 240, 5, dtype=np.uint8).reshape(6, 8)


def _saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, file_format, **options)
    return content.getvalue()


def _decoded(image: Image.Image, file_format: str, **options: object) -> np.ndarray:
    gray = to_gray(open_image(_saved(image, file_format, **options)).pixels, background=255)
    assert gray.dtype == np.uint8
    return gray


def _luma(rgb: np.ndarray) -> np.ndarray:
    """Return ITU-R 601-2 luma, a pixel at a time."""
    luma = np.empty(rgb.shape[:2])
    for row, column in np.ndindex(*luma.shape):
        red, green, blue = rgb[row, column].astype(float)
        luma[row, column] = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma


def _colours() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (6, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP", "GIF"])
def test_gray_levels_of_lossless_formats_are_kept(file_format):
    np.testing.assert_array_equal(_decoded(Image.fromarray(RAMP), file_format), RAMP)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP"])
def test_colour_becomes_luma(file_format):
    rgb = _colours()
    gray = _decoded(Image.fromarray(rgb), file_format)
    np.testing.assert_allclose(gray, _luma(rgb), atol=0.6)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP", "GIF"])
def test_palette_colours_become_luma(file_format):
    indices = Image.fromarray(RAMP // 80).convert("P")
    indices.putpalette([250, 10, 10, 10, 250, 10, 10, 10, 250])
    rgb = np.array([[250, 10, 10], [10, 250, 10], [10, 10, 250]])[RAMP // 80]
    np.testing.assert_allclose(_decoded(indices, file_format), _luma(rgb), atol=0.6)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bits_are_scaled_to_8(file_format):
    values = np.array([[0, 255, 256], [511, 0x1234, 65535]], dtype=np.uint16)
    gray = _decoded(Image.fromarray(values), file_format)
    assert gray.tolist() == [[0, 1, 1], [2, 0x12, 255]]


def test_big_endian_16_bits_are_scaled_to_8():
    values = np.array([[0x1234, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 1), values.tobytes())
    assert to_gray(image, background=255).tolist() == [[0x12, 255]]


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_fewer_bits_in_a_file_of_16_are_as_bright(bits):
    values = np.array([[0, 2 ** (bits - 1), 2**bits - 1]], dtype=np.uint16)
    assert _decoded(Image.fromarray(values), "PNG").tolist() == [[0, 128, 255]]


def test_the_bit_depth_of_a_camera_counts_also_where_an_image_is_dark():
    dark = Image.fromarray(np.array([[0, 255, 1023]], dtype=np.uint16))
    assert to_gray(dark, 255, bit_depth=12).tolist() == [[0, 16, 64]]
    assert to_gray(dark, 255).tolist() == [[0, 64, 255]]


def test_of_32_bits_negatives_are_black_and_the_largest_is_white():
    values = np.array([[-5, 35000, 70000]], dtype=np.int32)
    assert _decoded(Image.fromarray(values), "TIFF").tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation):
    upright = np.zeros((4, 6), dtype=np.uint8)
    upright[0, :2] = [200, 90]
    # The file holds what a camera held some way saw.
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = Image.fromarray(upright)
    stored = image.transpose(undo[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_image(_saved(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(to_gray(opened.pixels, 255), upright)
    assert opened.orientation == orientation


@pytest.mark.parametrize("file_format", ["GIF", "TIFF", "PNG", "WEBP"])
def test_of_several_frames_the_first_is_used_and_all_are_counted(file_format):
    first, second = (Image.new("L", (8, 8), level) for level in (40, 200))
    content = _saved(first, file_format, save_all=True, append_images=[second, first])
    opened = open_image(content)
    assert opened.frames == 3
    np.testing.assert_allclose(to_gray(opened.pixels, 255), 40, atol=2)
    assert open_image(_saved(first, file_format)).frames == 1


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP"])
def test_1_bit_becomes_black_and_white(file_format):
    image = Image.fromarray(RAMP > 100).convert("1")
    np.testing.assert_array_equal(_decoded(image, file_format), np.where(RAMP > 100, 255, 0))


def test_floating_point_is_taken_in_its_own_range():
    unit = np.array([[0.0, 0.5, 1.0, np.nan, -1.0]], dtype=np.float32)
    assert _decoded(Image.fromarray(unit), "TIFF").tolist() == [[0, 127, 255, 0, 0]]
    levels = np.array([[0.0, 0.5, 100.0, 300.0, -1.0]], dtype=np.float32)
    assert _decoded(Image.fromarray(levels), "TIFF").tolist() == [[0, 0, 100, 255, 0]]


@pytest.mark.parametrize("level", [0, 90, 255])
def test_gray_jpeg_is_near_its_level(level):
    image = Image.new("L", (16, 16), level)
    np.testing.assert_allclose(_decoded(image, "JPEG"), level, atol=2)


@pytest.mark.parametrize(
    ("ink", "level"),
    [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 255, 255, 0), 0), ((0, 255, 0, 0), 105)],
)
def test_cmyk_jpeg_is_not_inverted(ink, level):
    image = Image.new("CMYK", (16, 16), ink)
    gray = to_gray(open_image(_saved(image, "JPEG", quality=100)).pixels, background=255)
    np.testing.assert_allclose(gray, level, atol=4)


@pytest.mark.parametrize("background", [0, 128, 255])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_background(mode, background):
    alpha = np.tile(np.array([0, 64, 128, 255], dtype=np.uint8), (6, 2))
    image = Image.fromarray(RAMP).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    gray = to_gray(open_image(_saved(image, "PNG")).pixels, background)
    for row, column in np.ndindex(*RAMP.shape):
        part = alpha[row, column] / 255
        expected = part * RAMP[row, column] + (1 - part) * background
        assert abs(gray[row, column] - expected) <= 1.5


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_shows_the_background(file_format):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8)).convert("P")
    image.putpalette([9, 9, 9, 100, 100, 100])
    content = _saved(image, file_format, transparency=0)
    assert to_gray(open_image(content).pixels, background=255).tolist() == [[255, 100], [100, 255]]
    assert to_gray(open_image(content).pixels, background=0).tolist() == [[0, 100], [100, 0]]


def test_a_transparent_gray_level_shows_the_background():
    image = Image.fromarray(np.array([[7, 100]], dtype=np.uint8))
    content = _saved(image, "PNG", transparency=7)
    assert to_gray(open_image(content).pixels, background=255).tolist() == [[255, 100]]


def test_empty_content_is_refused():
    with pytest.raises(UnreadableImageError, match=r"^empty file$"):
        open_image(b"")


def test_other_content_is_refused():
    with pytest.raises(UnreadableImageError, match=r"^not an image of a known format$"):
        open_image(b"these are notes, not pixels")


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP", "GIF", "JPEG"])
def test_truncated_images_are_refused_in_every_format(file_format):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    content = _saved(Image.fromarray(noise), file_format)
    with pytest.raises(UnreadableImageError, match=r"(truncated|damaged) image: .+|not an image"):
        open_image(content[: len(content) // 2])


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_bytes_are_an_image_or_refused_and_nothing_else(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    random = np.random.default_rng(1)
    refused = 0
    for file_format in ["PNG", "TIFF", "BMP", "GIF", "JPEG"]:
        original = np.frombuffer(_saved(Image.fromarray(_colours()), file_format), np.uint8)
        for _ in range(40):
            damaged = original.copy()
            places = random.integers(0, len(damaged), 4)
            damaged[places] = random.integers(0, 256, 4)
            try:
                assert (
                    to_gray(open_image(damaged.tobytes()).pixels, background=255).dtype == np.uint8
                )
            except UnreadableImageError:
                refused += 1
    assert refused > 40


def test_unsafely_many_pixels_are_refused(monkeypatch):
    content = _saved(Image.new("L", (50, 50)), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    said = r"too large: .*2500 pixels.* limit of 2000 pixels$"
    with pytest.raises(UnreadableImageError, match=said):
        open_image(content)


def test_more_pixels_than_the_limit_are_refused_by_the_header_alone(monkeypatch):
    content = _saved(Image.new("L", (50, 40)), "PNG")
    assert open_image(content, max_pixels=2000).pixels.size == (50, 40)

    def load(*args):
        pytest.fail("it was decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    with pytest.raises(UnreadableImageError, match="too large: 50 x 40 pixels"):
        open_image(content, max_pixels=1999)


def test_a_mode_without_gray_is_refused_by_name():
    image = open_image(_saved(Image.new("LAB", (4, 4)), "TIFF")).pixels
    with pytest.raises(UnreadableImageError, match="mode LAB cannot be turned into gray"):
        to_gray(image, background=255)


def test_a_format_that_would_start_a_program_is_refused(monkeypatch):
    def start(*args, **kwargs):
        pytest.fail("a program was started")

    monkeypatch.setattr("subprocess.Popen", start)
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "EPS")
    with pytest.raises(UnreadableImageError, match="not an image of a known format"):
        open_image(buffer.getvalue())
