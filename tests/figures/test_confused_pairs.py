import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.figures.confused_pairs import draw_confused_pairs, render_confused_pairs

HOSTILE = "<script>{0}"


class StoreInMemory:
    """The image of id "17" is gray of level 17; counts how often images were read."""

    def __init__(self):
        self.reads = 0

    def rows(self, image_ids):
        return np.array([int(name) for name in image_ids])

    def images(self, rows):
        self.reads += 1
        return np.repeat(rows.astype(np.uint8), 64).reshape(-1, 8, 8)


@pytest.fixture
def store():
    return StoreInMemory()


@pytest.fixture
def pairs():
    columns = ["class_name", "predicted_class", "images", "share"]
    return pd.DataFrame([(HOSTILE, "b", 12, 0.4), ("b", HOSTILE, 1, 0.01)], columns=columns)


@pytest.fixture
def examples():
    # Shuffled; image 10 stands for its class in both pairs; b of the second pair has none.
    rows = [
        (0, "predicted", "90", 0),
        (0, "confused", "61", 1),
        (0, "confused", "60", 0),
        (0, "true", "10", 0),
        (1, "confused", "130", 0),
        (1, "predicted", "10", 0),
    ]
    return pd.DataFrame(rows, columns=["pair", "role", "image_id", "rank"])


def test_the_page_shows_the_chosen_images_in_their_order(pairs, examples, store):
    html = render_confused_pairs(pairs, examples, store)
    assert store.reads == 1
    shown = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="(\d+)" title="(\d+)"', html)
    assert [name for _, name, _ in shown] == ["10", "60", "61", "90", "130", "10"]
    for address, name, title in shown:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(address))))
        assert abs(pixels.mean() - int(name)) < 3
        assert title == name
    first, second = html.split("</li>")[:2]
    assert "12 test images, 40.0 % of the class" in first
    assert "1 test image, 1.0 % of the class" in second
    assert second.count("no image") == 1


def test_the_page_escapes_names(pairs, examples, store):
    html = render_confused_pairs(pairs, examples.replace("10", "1"), store)
    assert "<script>" not in html
    assert html.count("<strong>&lt;script&gt;{0}</strong>") == 2


def test_without_a_store_there_are_names_and_counts(pairs, examples):
    html = render_confused_pairs(pairs, examples, None)
    assert "<img" not in html
    assert "no image" not in html
    assert "12 test images, 40.0 %" in html
    axes = draw_confused_pairs(pairs, examples, None).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [12, 1]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"{HOSTILE} taken for b", f"b taken for {HOSTILE}"]


def test_nothing_confused_is_said(pairs, examples, store):
    html = render_confused_pairs(pairs[:0], examples[:0], store)
    assert "No test image was given a wrong class." in html
    figure = draw_confused_pairs(pairs[:0], examples[:0], store)
    # Without axes a notebook would show nothing.
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["No test image was given a wrong class."]


def test_the_figure_shows_a_row_a_pair_and_a_group_a_role(pairs, examples, store):
    figure = draw_confused_pairs(pairs, examples, store)
    figure.savefig(io.BytesIO(), format="png")
    (axes,) = figure.axes
    placed = [(*image.get_extent(), int(image.get_array().mean())) for image in axes.images]
    upper = min(top for *_, top, _ in placed)
    rows = [
        [level for left, *_, top, level in sorted(placed) if (top == upper) == first]
        for first in (True, False)
    ]
    assert rows == [[10, 60, 61, 90], [130, 10]]
    groups = {level: left for left, *_, top, level in placed if top == upper}
    assert groups[60] - groups[10] == pytest.approx(groups[90] - groups[60])
    headings = [text.get_text() for text in axes.texts if text.get_weight() == "bold"]
    assert headings[0].startswith(f"{HOSTILE} taken for b: 12 images, 40.0 %")
    assert headings[1].startswith(f"b taken for {HOSTILE}: 1 image, 1.0 %")
