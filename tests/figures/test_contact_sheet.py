import io

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.figures.contact_sheet import draw_contact_sheet


def sheet(pictures):
    return np.asarray(Image.open(io.BytesIO(draw_contact_sheet(pictures))))


def test_seven_images_take_two_rows_of_six():
    black = np.zeros((40, 20), dtype=np.uint8)
    one, seven = sheet([("a", black)]), sheet([("a", black)] * 7)
    assert seven.shape[1] > 5 * one.shape[1]
    assert one.shape[0] * 1.5 < seven.shape[0] < one.shape[0] * 2.1
    assert (seven == 0).sum() == 7 * (one == 0).sum()


def test_large_images_are_reduced_and_keep_their_aspect():
    pixels = sheet([("a", np.zeros((900, 450), dtype=np.uint8))])
    rows, columns = np.nonzero(pixels == 0)
    assert np.ptp(rows) + 1 == 112
    assert np.ptp(columns) + 1 == 56


def test_long_names_stay_below_their_image():
    white = np.full((112, 112), 255, dtype=np.uint8)
    pixels = sheet([("a very long name of a class of animals" * 3, white), ("", white)])
    half = pixels.shape[1] // 2
    assert (pixels[:, :half] < 128).any()
    assert not (pixels[:, half + 4 :] < 200).any()


def test_no_image_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        draw_contact_sheet([])
