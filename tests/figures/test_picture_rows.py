"""Rows of pictures: contact sheets, copies, look-alikes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from plankton_embedding.figures.class_sheets import choose_copies, draw_class_sheets, draw_copies
from plankton_embedding.figures.look_alikes import draw_look_alikes
from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.picture_rows import draw_picture_rows
from plankton_embedding.figures.style import GRID, INK, SPLIT_COLOURS

LEVELS = {"a": 0, "b": 90, "c": 200}
PICTURES = {name: np.full((20, 20), level, np.uint8) for name, level in LEVELS.items()}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def frames(figure):
    return [to_hex(frame.get_edgecolor()) for frame in figure.axes[0].patches]


def levels(figure):
    return [int(np.asarray(image.get_array()).mean()) for image in figure.axes[0].images]


def test_a_contact_sheet_has_a_row_a_class():
    figure = draw_class_sheets({"one": ["a", "b"], "two": ["c", "gone"]}, PICTURES)
    assert levels(figure) == [0, 90, 200]
    assert [text for text in texts(figure) if text] == ["one", "two", "no\npicture"]
    assert frames(figure) == [GRID] * 4


@pytest.mark.parametrize("rows", [1, 27])
def test_rows_lie_apart_and_inside(rows):
    sheets = {f"class {row}": list("abc") * 3 for row in range(rows)}
    figure = draw_class_sheets(sheets, PICTURES)
    width, height = figure.get_size_inches()
    boxes = [frame.get_bbox().extents for frame in figure.axes[0].patches]
    assert len(boxes) == 9 * rows
    lefts, tops, rights, bottoms = np.array(boxes).T
    assert lefts.min() > 0
    assert rights.max() < width
    assert bottoms.max() < height
    ends = bottoms.reshape(rows, 9)[:-1].max(axis=1)
    assert (tops.reshape(rows, 9)[1:].min(axis=1) > ends).all()


def test_no_rows_are_said_in_words_that_a_notebook_shows():
    figure = draw_picture_rows([], "nothing here")
    assert figure.axes
    assert texts(figure) == ["nothing here"]


def test_copies_under_two_classes_come_first_and_are_red():
    duplicates = pd.DataFrame(
        {
            "image_id": ["b", "c"],
            "class_name": ["x", "y"],
            "duplicate_of": ["a", "gone"],
            "class_name_of_other": ["x", "x"],
            "kind": ["exact", "near"],
            "label_conflict": [False, True],
        }
    )
    copies = choose_copies(duplicates, 5)
    assert copies["image_id"].tolist() == ["c", "b"]
    figure = draw_copies(copies, PICTURES)
    assert frames(figure) == [SPLIT_COLOURS["rejected"]] * 2 + [GRID] * 2
    assert "near copy, two classes" in texts(figure)
    assert levels(figure) == [200, 0, 90]
    assert texts(draw_copies(copies.head(0), PICTURES)) == ["no image is a copy of another"]


def test_look_alikes_stand_beside_their_query_in_the_colours_of_their_classes():
    found = pd.DataFrame(
        {
            "query": [0, 0, 1],
            "rank": [2, 1, 1],
            "image_id": ["b", "c", "gone"],
            "class_name": ["y", "oval__long_antennae", "y"],
            "distance": [0.5, 0.25, 1.0],
        }
    )
    classes = ["oval__long_antennae", "x", "y"]
    queries = {"first.png": PICTURES["a"], "second.png": PICTURES["a"]}
    figure = draw_look_alikes(found, PICTURES, queries, classes)
    assert levels(figure) == [0, 200, 90, 0]
    colours = class_colours(classes)
    oval, y = colours["oval__long_antennae"], colours["y"]
    assert frames(figure) == [INK, oval, y, INK, y]
    assert "first.png" in texts(figure)
    assert "oval__\nlong_antennae\n0.25" in texts(figure)
