import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from plankton_embedding.images.decode import open_image, to_gray
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.scale_bar import find_scale_bar
from tiny_project import ROOT

REAL = ROOT.parent / "shared" / "real_plankton"
# As EcoTaxa draws it.
STRIP = 31
SUFFIXES = (".jpg", ".png", ".jpeg")


def vignette(
    height: int = 90,
    width: int = 140,
    bar: int = 96,
    label: str = "1 mm",
    animal_to: float = 0.8,
    dark: bool = False,
) -> np.ndarray:
    """Draw an animal on paper, and under it a strip with a bar and a label."""
    image = Image.new("L", (width, height + STRIP), 255)
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.2, height * 0.1, width * 0.8, height * animal_to), fill=90, outline=20)
    bottom = height + STRIP
    draw.rectangle((8, bottom - 6, 8 + bar - 1, bottom - 5), fill=0)
    draw.text((10, bottom - 20), label, fill=0)
    plane = np.asarray(image)
    return 255 - plane if dark else plane


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"height": 20, "width": 114},
        {"height": 900, "width": 1200},
        {"bar": 40, "label": "500 um"},
        {"bar": 300, "width": 500, "label": "5 mm"},
        {"animal_to": 0.99},
    ],
)
def test_a_strip_with_a_bar_is_found_whole(changes, dark):
    assert find_scale_bar(vignette(**changes, dark=dark)) == STRIP


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_it_is_found_in_a_jpeg(quality):
    file = io.BytesIO()
    Image.fromarray(vignette()).save(file, "JPEG", quality=quality)
    plane = to_gray(open_image(file.getvalue()).pixels, 255)
    assert 18 <= find_scale_bar(plane) <= STRIP


@pytest.mark.parametrize("rows", [slice(-27, -23), slice(-18, -14), slice(-3, None)])
@pytest.mark.parametrize("level", [20, 140, 220])
def test_an_animal_that_hangs_into_the_strip_is_not_cut(rows, level):
    plane = vignette().copy()
    plane[rows, 118:124] = level
    cut = find_scale_bar(plane)
    assert plane[len(plane) - cut :, 112:].min(initial=255) == 255


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plane: plane[:-STRIP],
        lambda plane: plane[:-4],
        lambda plane: np.where(np.arange(len(plane))[:, None] > len(plane) - 10, 255, plane),
        lambda plane: np.where(np.arange(len(plane))[:, None] < len(plane) - 9, 255, plane),
        lambda plane: plane[::-1],
        lambda plane: plane.T,
        lambda plane: np.full_like(plane, 255),
        lambda plane: np.full_like(plane, 0),
        lambda plane: plane[-1:],
        lambda plane: plane[-STRIP:],
        lambda plane: plane[:, :1],
    ],
    ids="strip,end,bar,label,upside,turned,white,black,row,only,column".replace(",", " ").split(),
)
def test_what_is_no_strip_is_left(spoil):
    plane = spoil(vignette()).astype(np.uint8)
    # Paper under the animal is no strip either; what is cut leaves something.
    assert find_scale_bar(plane) == 0


def test_an_animal_that_is_a_chain_is_no_bar():
    plane = np.full((80, 200), 255, dtype=np.uint8)
    plane[70:72, 20:180] = 30
    plane[50:60, 20:180] = 60
    assert find_scale_bar(plane) == 0


def test_only_the_strip_is_cut_when_an_image_is_preprocessed(preprocess_options):
    plane = vignette()
    whole, above = io.BytesIO(), io.BytesIO()
    Image.fromarray(plane).save(whole, "PNG")
    Image.fromarray(plane[:-STRIP]).save(above, "PNG")
    options = preprocess_options(crop_bottom="auto")
    expected = preprocess(above.getvalue(), preprocess_options())
    np.testing.assert_array_equal(preprocess(whole.getvalue(), options), expected)
    np.testing.assert_array_equal(preprocess(above.getvalue(), options), expected)


def _rows(folder: str) -> np.ndarray:
    if not (REAL / folder).is_dir():
        pytest.skip(f"../shared/real_plankton/{folder} is not there")
    files = sorted(path for path in (REAL / folder).rglob("*") if path.suffix in SUFFIXES)
    images = (open_image(file.read_bytes()).pixels for file in files)
    return np.array([find_scale_bar(to_gray(image, 255)) for image in images])


@pytest.mark.parametrize("folder", ["zooscan_labelled", "zooscan_unlabelled"])
def test_the_bar_is_found_under_real_images(folder):
    rows = _rows(folder)
    assert len(rows) > 300
    assert (rows == STRIP).mean() >= 0.99


@pytest.mark.parametrize("folder", ["uvp6", "lake_zooplankton", "pwssc"])
def test_no_bar_is_found_where_there_is_none(folder):
    assert not _rows(folder).any()
