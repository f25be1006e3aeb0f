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
    gray = to_gray(open_image(_saved(image, file_format, **options)), background=255)
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
def test_16_bits_become_the_upper_8(file_format):
    values = np.array([[0, 255, 256], [511, 0x1234, 65535]], dtype=np.uint16)
    gray = _decoded(Image.fromarray(values), file_format)
    assert gray.tolist() == [[0, 0, 1], [1, 0x12, 255]]


def test_big_endian_16_bits_become_the_upper_8():
    values = np.array([[0x1234, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 1), values.tobytes())
    assert to_gray(image, background=255).tolist() == [[0x12, 255]]


def test_32_bits_are_taken_as_16_and_clipped():
    values = np.array([[-5, 0x1234, 70000]], dtype=np.int32)
    assert _decoded(Image.fromarray(values), "TIFF").tolist() == [[0, 0x12, 255]]


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
    gray = to_gray(open_image(_saved(image, "JPEG", quality=100)), background=255)
    np.testing.assert_allclose(gray, level, atol=4)


@pytest.mark.parametrize("background", [0, 128, 255])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_background(mode, background):
    alpha = np.tile(np.array([0, 64, 128, 255], dtype=np.uint8), (6, 2))
    image = Image.fromarray(RAMP).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    gray = to_gray(open_image(_saved(image, "PNG")), background)
    for row, column in np.ndindex(*RAMP.shape):
        part = alpha[row, column] / 255
        expected = part * RAMP[row, column] + (1 - part) * background
        assert abs(gray[row, column] - expected) <= 1.5


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_shows_the_background(file_format):
    image = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8)).convert("P")
    image.putpalette([9, 9, 9, 100, 100, 100])
    content = _saved(image, file_format, transparency=0)
    assert to_gray(open_image(content), background=255).tolist() == [[255, 100], [100, 255]]
    assert to_gray(open_image(content), background=0).tolist() == [[0, 100], [100, 0]]


def test_a_transparent_gray_level_shows_the_background():
    image = Image.fromarray(np.array([[7, 100]], dtype=np.uint8))
    content = _saved(image, "PNG", transparency=7)
    assert to_gray(open_image(content), background=255).tolist() == [[255, 100]]


@pytest.mark.parametrize("file_format", ["GIF", "TIFF"])
def test_the_first_frame_counts(file_format):
    frames = [Image.new("L", (5, 4), level) for level in (30, 200)]
    content = _saved(frames[0], file_format, save_all=True, append_images=frames[1:])
    assert (to_gray(open_image(content), background=255) == 30).all()


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
    with pytest.raises(UnreadableImageError, match=r"damaged image: .+|not an image"):
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
                assert to_gray(open_image(damaged.tobytes()), background=255).dtype == np.uint8
            except UnreadableImageError:
                refused += 1
    assert refused > 40


def test_unsafely_many_pixels_are_refused(monkeypatch):
    content = _saved(Image.new("L", (50, 50)), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(UnreadableImageError, match="too many pixels"):
        open_image(content)


def test_a_mode_without_gray_is_refused_by_name():
    image = open_image(_saved(Image.new("LAB", (4, 4)), "TIFF"))
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
