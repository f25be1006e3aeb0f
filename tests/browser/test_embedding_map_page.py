"""The map's page in a browser. Its images tell their row: the left half's gray and the right's."""

import io
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pages import wait_until_drawn
from plankton_embedding.figures.embedding_map_page import render_embedding_map
from plankton_embedding.figures.palette import class_colours

pytestmark = pytest.mark.slow

_IMAGES = 300
_CLASSES = [
    "Penilia",
    "<b>bold</b>&amp;",
    "part__Parent/of a long, long, long family, 60 characters",
]
_NO_WEBGL = """
  const original = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith("webgl") ? null : original.call(this, kind, ...rest);
  };
"""
# As on a slow machine: the browser has not come to tell sizes.
_NO_SIZES_YET = "ResizeObserver.prototype.observe = () => {};"


class _Store:
    def rows(self, image_ids):
        return np.array([int(image_id.split("_")[1]) for image_id in image_ids])

    def images(self, rows):
        pixels = np.empty((len(rows), 112, 112), np.uint8)
        pixels[:, :, :56] = (rows % 16 * 16)[:, None, None]
        pixels[:, :, 56:] = (rows // 16 * 13)[:, None, None]
        return pixels


@pytest.fixture
def table():
    """Return a grid of 20 x 15 images, every tenth wrong; neighbours unlike those on the grid."""
    rows = np.arange(_IMAGES)
    labels = np.array(_CLASSES, dtype=object)[rows % 3]
    wrong = np.array(_CLASSES, dtype=object)[(rows + 1) % 3]
    near = (rows[:, np.newaxis] + [70, 31, 110]) % _IMAGES
    return pd.DataFrame(
        {
            "image_id": [f"folder/image_{row}_<i>.png" for row in rows],
            "class_name": labels,
            "split": np.where(rows % 4 == 3, "test", "validation"),
            "predicted_class": np.where(rows % 10 == 0, wrong, labels),
            "x": (rows % 20).astype(np.float32),
            "y": (rows // 20).astype(np.float32),
            "neighbours": [*near.astype(np.int32)],
            "neighbour_distances": [np.array([0.5, 1.25, 2], np.float32)] * _IMAGES,
            "step": 2,
            "method": "umap",
            "embedded_images": _IMAGES,
        }
    )


@pytest.fixture
def page(open_page, table):
    """Return the page in a wide window."""
    return open_page(render_embedding_map(table, _Store(), "Map"), viewport=_WIDE)


_WIDE = {"width": 1400, "height": 900}


def _place(page, row):
    """Return where an image is in the window."""
    box = page.locator("#stage").bounding_box()
    left, top = page.evaluate(f"onStage({row})")
    return box["x"] + left + 1, box["y"] + top + 1


def _point_at(page, row):
    page.mouse.move(*_place(page, row))
    return page.locator("#hover")


def _facts(box):
    return dict(
        zip(box.locator("dt").all_inner_texts(), box.locator("dd").all_inner_texts(), strict=True)
    )


def _shows(picture, row):
    """Wait until a picture on the screen is that of a row: the browser decodes it in its time."""
    end = time.monotonic() + 30
    while (found := _row_in_picture(picture)) != row and time.monotonic() < end:
        pass
    return found == row


def _row_in_picture(picture):
    """Read the row that an image tells from its picture on the screen."""
    pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L"), dtype=float)
    height, width = pixels.shape
    middle = slice(height // 3, 2 * height // 3)
    left = pixels[middle, width // 5 : 2 * width // 5].mean()
    right = pixels[middle, 3 * width // 5 : 4 * width // 5].mean()
    return round(left / 16) + 16 * round(right / 13)


def _shown(page):
    return int(page.locator("#shown").inner_text().split()[0])


def _colour_at(page, row):
    """Return the colour in the middle of an image's mark."""
    page.mouse.move(5, 5)
    wait_until_drawn(page)
    left, top = _place(page, row)
    clip = {"x": left - 2, "y": top - 2, "width": 3, "height": 3}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))[
        1, 1
    ].astype(int)


def _class_row(page, name):
    return page.locator("#classes li").filter(has=page.get_by_text(name, exact=True))


@pytest.mark.parametrize("row", [0, 17, 255, 256, 299])
def test_pointing_at_an_image_shows_its_picture_and_facts(page, table, row):
    box = _point_at(page, row)
    assert _shows(box.locator(".thumbnail"), row)
    facts = _facts(box)
    assert facts["class"] == table["class_name"][row]
    right = table["class_name"][row] == table["predicted_class"][row]
    assert facts["predicted"] == ("the same" if right else table["predicted_class"][row])
    assert facts["split"] == table["split"][row]
    assert facts["image"] == table["image_id"][row]
    page.mouse.move(5, 5)
    assert not box.is_visible()


def test_click_pins_an_image_and_lists_its_neighbours_in_order(page, table):
    page.mouse.click(*_place(page, 40))
    details = page.locator("#details")
    assert _facts(details)["image"] == table["image_id"][40]
    listed = details.locator("ol button")
    near = [110, 71, 150]
    for rank, row in enumerate(near):
        assert _shows(listed.nth(rank).locator(".thumbnail"), row)
    texts = listed.all_inner_texts()
    for text, row, distance in zip(texts, near, ("0.500", "1.25", "2.00"), strict=True):
        assert table["class_name"][row] in text
        assert f"distance {distance}" in text
        assert table["image_id"][row] in text
    assert "0 of 3 are of its class" in details.inner_text()
    listed.nth(1).click()
    assert _facts(details)["image"] == table["image_id"][71]
    page.get_by_role("button", name="Unpin").click()
    assert "Click an image" in details.inner_text()


def test_marks_have_their_class_s_colour_and_vanish_when_filtered(page, table):
    colours = class_colours(_CLASSES)
    for row in (21, 22, 23):
        wanted = colours[table["class_name"][row]]
        expected = np.array([int(wanted[place : place + 2], 16) for place in (1, 3, 5)])
        assert np.abs(_colour_at(page, row) - expected).max() < 60
    _class_row(page, _CLASSES[0]).locator("input").uncheck()
    assert _shown(page) == 200
    assert _colour_at(page, 21).tolist() == [255, 255, 255]
    assert _colour_at(page, 22).tolist() != [255, 255, 255]
    assert not _point_at(page, 21).is_visible()
    assert _point_at(page, 22).is_visible()


def test_only_one_class_and_all_again(page):
    _class_row(page, _CLASSES[1]).get_by_role("button").click()
    assert _shown(page) == 100
    assert page.locator("#classes input:checked").count() == 1
    _class_row(page, _CLASSES[1]).get_by_role("button").click()
    assert _shown(page) == 300


def test_search_narrows_the_list_and_what_its_buttons_act_on(page):
    page.locator("#find-class").fill("PENI")
    assert [row.is_visible() for row in page.locator("#classes li").all()].count(True) == 1
    page.get_by_role("button", name="Hide all").click()
    assert _shown(page) == 200
    page.locator("#find-class").fill("")
    page.get_by_role("button", name="Hide all").click()
    assert _shown(page) == 0
    assert page.locator("#nothing").is_visible()
    page.get_by_role("button", name="Show all").click()
    assert _shown(page) == 300


def test_splits_and_mistakes_can_be_looked_at_alone(page, table):
    page.get_by_label("validation images").uncheck()
    assert _shown(page) == 75
    page.get_by_label("only wrongly classified").check()
    assert _shown(page) == 0
    page.get_by_label("validation images").check()
    assert _shown(page) == 30
    assert _class_row(page, _CLASSES[0]).locator(".number").inner_text() == "10"
    assert not _point_at(page, 1).is_visible()
    assert _facts(_point_at(page, 10))["image"] == table["image_id"][10]


def test_keys_go_from_image_to_image_and_pin(page, table):
    _point_at(page, 105)
    page.locator("#marks").focus()
    page.keyboard.press("ArrowRight")
    assert _facts(page.locator("#hover"))["image"] == table["image_id"][106]
    page.keyboard.press("ArrowUp")
    assert _facts(page.locator("#hover"))["image"] == table["image_id"][126]
    assert table["image_id"][126] in page.locator("#map-status").inner_text()
    page.keyboard.press("Enter")
    assert _facts(page.locator("#details"))["image"] == table["image_id"][126]
    page.keyboard.press("Escape")
    assert "Click an image" in page.locator("#details").inner_text()


def test_after_zooming_and_moving_pointing_finds_the_same_images(page, table):
    left, top = _place(page, 150)
    page.mouse.move(left, top)
    page.mouse.wheel(0, -900)
    page.wait_for_function("view.scale > view.whole")
    assert np.allclose(_place(page, 150), (left, top), atol=2)
    apart = np.subtract(_place(page, 151), _place(page, 150))
    assert apart[0] > 100
    page.mouse.down()
    page.mouse.move(left + 60, top + 40, steps=4)
    page.mouse.up()
    assert np.allclose(_place(page, 150), (left + 60, top + 40), atol=2)
    assert "Click an image" in page.locator("#details").inner_text()
    assert _facts(_point_at(page, 150))["image"] == table["image_id"][150]


def test_an_image_can_be_found_by_its_id(page, table):
    page.locator("#find-image").fill("IMAGE_77_")
    page.locator("#find-image").press("Enter")
    assert _facts(page.locator("#details"))["image"] == table["image_id"][77]
    page.locator("#find-image").fill("nothing like it")
    page.locator("#find-image").press("Enter")
    assert "No image" in page.locator("#no-find").inner_text()


def test_without_images_the_page_works_and_says_so(open_page, table):
    page = open_page(render_embedding_map(table, None, "Map"), viewport=_WIDE)
    assert "Without pictures" in page.locator("header").inner_text()
    box = _point_at(page, 33)
    assert _facts(box)["image"] == table["image_id"][33]
    page.mouse.click(*_place(page, 33))
    assert page.locator("#details ol button").count() == 3
    assert page.locator(".thumbnail").count() == 0


def test_without_webgl_the_map_is_drawn_all_the_same(open_page, table):
    html = render_embedding_map(table, _Store(), "Map")
    page = open_page(html, before=_NO_WEBGL, viewport=_WIDE)
    assert _colour_at(page, 21).tolist() != [255, 255, 255]
    _class_row(page, _CLASSES[0]).locator("input").uncheck()
    assert _colour_at(page, 21).tolist() == [255, 255, 255]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_narrow_screen_the_panel_is_below_the_map(open_page, table, theme):
    page = open_page(
        render_embedding_map(table, _Store(), "Map"),
        viewport={"width": 420, "height": 900},
        color_scheme=theme,
    )
    page.mouse.click(*_place(page, 40))
    stage, details = (page.locator(place).bounding_box() for place in ("#stage", "#details"))
    assert details["y"] >= stage["y"] + stage["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(245, 248, 250)") == (theme == "light")


def test_the_map_can_be_clicked_before_the_first_picture(open_page, table):
    html = render_embedding_map(table, _Store(), "Map")
    page = open_page(html, before=_NO_SIZES_YET, viewport=_WIDE)
    page.mouse.click(*_place(page, 40))
    assert _facts(page.locator("#details"))["image"] == table["image_id"][40]


@pytest.mark.parametrize("images", [1, 2])
def test_a_map_of_one_place_opens(open_page, table, images):
    few = table.head(images).assign(
        x=np.float32(1),
        y=np.float32(1),
        neighbours=[np.arange(0, dtype=np.int32)] * images,
        neighbour_distances=[np.arange(0, dtype=np.float32)] * images,
    )
    page = open_page(render_embedding_map(few, _Store(), "Map"), viewport=_WIDE)
    page.mouse.click(*_place(page, 0))
    assert "There is no other image" in page.locator("#details").inner_text()
