import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.figures.embedding_map import draw_embedding_map
from plankton_embedding.figures.embedding_map_page import render_embedding_map
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.sprites import make_sheets, thumbnail_side
from plankton_embedding.figures.style import figure_to_svg


class _Store:
    """Images of one gray each, given by their ids."""

    def __init__(self, grays, size=130):
        self._places = {image_id: row for row, image_id in enumerate(grays)}
        self._images = np.array([np.full((size, size), gray) for gray in grays.values()], np.uint8)

    def rows(self, image_ids):
        return np.array([self._places[image_id] for image_id in image_ids])

    def images(self, rows):
        return self._images[rows]


def _map(labels, x=None, y=None):
    images = len(labels)
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "image_id": [f"image_{row}" for row in range(images)],
            "class_name": labels,
            "split": np.resize(np.array(["validation", "test"], dtype=object), images),
            "predicted_class": labels,
            "x": np.float32(random.normal(size=images) if x is None else x),
            "y": np.float32(random.normal(size=images) if y is None else y),
            "neighbours": [np.arange(0, dtype=np.int32)] * images,
            "neighbour_distances": [np.arange(0, dtype=np.float32)] * images,
            "step": 3,
            "method": "umap",
            "embedded_images": images,
        }
    )


def _data(page):
    return json.loads(re.search(r'id="map-data">(.*?)</script>', page, re.DOTALL)[1])


def _unpack(text, kind):
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def _sheet(address):
    assert address.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))))


def test_thumbnails_lie_row_by_row_sheet_by_sheet_and_do_not_shine_into_one_another():
    grays = {f"image_{row}": 255 * (row * 7 % 3 == 0) for row in range(300)}
    asked = list(grays)[::-1]
    sheets = make_sheets(_Store(grays), asked)
    pictures = [_sheet(address) for address in sheets.addresses]
    assert (sheets.side, sheets.across, len(pictures)) == (112, 16, 2)
    for place, image_id in enumerate(asked):
        sheet, tile = divmod(place, 256)
        top, left = (112 * part for part in divmod(tile, 16))
        thumbnail = pictures[sheet][top : top + 112, left : left + 112]
        assert thumbnail.shape == (112, 112)
        np.testing.assert_allclose(thumbnail, grays[image_id], atol=2)


def test_a_thumbnail_is_the_whole_image():
    gradient = np.tile(np.linspace(0, 255, 224).astype(np.uint8), (224, 1))
    store = _Store({"only": 0})
    store._images = gradient[np.newaxis]
    (address,) = make_sheets(store, ["only"]).addresses
    thumbnail = _sheet(address)[:112, :112].astype(float)
    expected = gradient.reshape(112, 2, 112, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(thumbnail, expected, atol=6)


def test_the_more_images_the_smaller_their_thumbnails():
    sides = [thumbnail_side(images) for images in (1, 2000, 2001, 5400, 20_000, 500_000)]
    assert sides == [112, 112, 96, 96, 64, 48]
    assert all(side % 8 == 0 for side in sides)


def test_page_holds_the_table():
    table = _map(["b", "a", "b"], x=[0.5, 1, 2], y=[3, 4, 5.5]).assign(
        predicted_class=["b", "c", "a"],
        neighbours=[np.array(near, np.int32) for near in ([1, 2], [0, 2], [1, 0])],
        neighbour_distances=[np.array([0.25, 0.5], np.float32)] * 3,
    )
    data = _data(render_embedding_map(table, None, "A map"))
    assert data["classes"] == [list(pair) for pair in class_colours(["a", "b", "c"]).items()]
    assert data["image_ids"] == ["image_0", "image_1", "image_2"]
    assert _unpack(data["labels"], "<u2").tolist() == [1, 0, 1]
    assert _unpack(data["predicted"], "<u2").tolist() == [1, 2, 0]
    assert _unpack(data["splits"], "<u1").tolist() == [0, 1, 0]
    assert _unpack(data["x"], "<f4").tolist() == [0.5, 1, 2]
    assert _unpack(data["y"], "<f4").tolist() == [3, 4, 5.5]
    assert _unpack(data["neighbours"], "<i4").tolist() == [1, 2, 0, 2, 1, 0]
    assert _unpack(data["distances"], "<f4").tolist() == [0.25, 0.5] * 3


def test_distances_on_the_page_stay_with_their_neighbours():
    neighbours = [[1, 2], [3, 0], [0, 3], [2, 1]]
    distances = [[0.25, 0.5], [0.125, 4], [1, 1.5], [2, 8]]
    table = _map(["a"] * 4).assign(
        neighbours=[np.array(row, np.int32) for row in neighbours],
        neighbour_distances=[np.array(row, np.float32) for row in distances],
    )
    data = _data(render_embedding_map(table, None, "A map"))
    assert _unpack(data["neighbours"], "<i4").reshape(4, 2).tolist() == neighbours
    assert _unpack(data["distances"], "<f4").reshape(4, 2).tolist() == distances


def test_names_cannot_leave_the_data():
    table = _map(["</script><script>alert(1)</script>", "NA"])
    table["image_id"] = ["<!--", "ünïcode/<b>"]
    page = render_embedding_map(table, None, "<i>title</i>")
    assert "alert(1)</script>" not in page
    assert "<i>" not in page
    data = _data(page)
    assert data["classes"][0][0] == "</script><script>alert(1)</script>"
    assert data["image_ids"] == ["<!--", "ünïcode/<b>"]


def test_page_says_how_many_images_of_how_many_and_what_kind_of_map():
    table = _map(["a"] * 4)
    page = " ".join(
        render_embedding_map(table, _Store({f"image_{row}": 0 for row in range(4)}), "t").split()
    )
    assert "All 4 validation and test images of step 3" in page
    assert "A picture, never a measurement" in page
    assert "Without pictures" not in page
    other = table.assign(embedded_images=5400, method="principal components")
    page = " ".join(render_embedding_map(other, None, "t").split())
    assert "4 of 5,400 validation and test images of step 3" in page
    assert "principal components, not UMAP" in page
    assert "Without pictures" in page


def _names(figure):
    return [note for note in figure.axes[0].texts if note.get_text() and not _is_note(note)]


def _is_note(text):
    return text.get_text().startswith("names of")


@pytest.mark.parametrize("classes", [27, 100])
def test_names_of_classes_do_not_overlap(classes):
    labels = [f"class_{row % classes:03d}_of_a_family" for row in range(8 * classes)]
    random = np.random.default_rng(1)
    centres = random.uniform(0, 30, size=(2, classes))[:, np.arange(len(labels)) % classes]
    figure = draw_embedding_map(_map(labels, *(centres + random.normal(size=centres.shape))))
    notes = _names(figure)
    assert len(notes) == 27 if classes == 27 else 30 < len(notes) <= 100
    said = [text.get_text() for text in figure.axes[0].texts if _is_note(text)]
    left_out = f"names of {len(notes)} of {classes} classes: the others would cover them"
    assert said == ([left_out] if len(notes) < classes else [])
    boxes = [note.get_window_extent() for note in notes]
    frame = figure.axes[0].get_window_extent()
    for place, box in enumerate(boxes):
        assert frame.x0 <= box.x0
        assert frame.x1 >= box.x1
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_the_name_of_a_scattered_class_points_at_images_of_it():
    # Three groups, between which the median lies; in the first they lie closest.
    groups = np.repeat([[0, 0], [10, 4], [4, 10]], [14, 13, 13], axis=0)
    around = np.random.default_rng(0).normal(size=groups.shape)
    around *= np.repeat([[0.1], [0.5], [0.5]], [14, 13, 13], axis=0)
    table = _map(["a"] * 40, *(groups + around).T)
    (note,) = _names(draw_embedding_map(table))
    assert np.hypot(table["x"] - note.xy[0], table["y"] - note.xy[1]).min() < 1e-6
    assert np.hypot(*note.xy) < 1


def test_a_name_is_framed_in_the_colour_of_its_class():
    from matplotlib.colors import to_hex

    for note in _names(draw_embedding_map(_map(["b", "a", "b", "a"]))):
        colour = class_colours(["a", "b"])[note.get_text()]
        assert to_hex(note.get_bbox_patch().get_edgecolor()) == colour


def test_picture_has_the_classes_colours_and_the_splits_marks():
    table = _map(["b", "a", "b", "a"])
    axes = draw_embedding_map(table).axes[0]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["validation images", "test images"]
    test, validation = axes.collections
    assert (len(validation.get_offsets()), len(test.get_offsets())) == (2, 2)
    from matplotlib.colors import to_hex

    colours = class_colours(["a", "b"])
    assert {to_hex(colour) for colour in validation.get_facecolors()} == {colours["b"]}
    assert {to_hex(colour) for colour in test.get_facecolors()} == {colours["a"]}
    assert all(part.get_rasterized() for part in axes.collections)


@pytest.mark.parametrize("images", [1, 2, 30])
def test_images_in_one_place_can_be_drawn(images):
    table = _map(["$a$", "<b>"][:images] * max(1, images // 2), x=[1] * images, y=[1] * images)
    figure = draw_embedding_map(table)
    assert {note.get_text() for note in _names(figure)} == set(table["class_name"])
    assert "NaN" not in figure_to_svg(figure, "map")
    assert len(_data(render_embedding_map(table, None, "t"))["image_ids"]) == images
