import io

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.confusion import draw_confusion_matrix


def _rendered(figure):
    figure.savefig(io.BytesIO(), format="png")
    return figure


def _square(matrix, names):
    return pd.DataFrame(matrix, index=names, columns=names)


def _written(axes):
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in axes.texts
    }


def test_shares_are_whole_percents_that_never_hide_an_image():
    counts = _square([[1, 999, 0], [0, 3, 1], [0, 0, 5]], ["a", "b", "c"])
    axes = _rendered(draw_confusion_matrix(counts, numbers="share")).axes[0]
    assert _written(axes) == {
        (0, 0): "<1",
        (0, 1): ">99",
        (1, 1): "75",
        (1, 2): "25",
        (2, 2): "100",
    }


def test_the_colours_are_shares_whatever_the_numbers_are():
    counts = _square([[6, 2], [0, 10]], ["a", "b"])
    by_number = [
        _rendered(draw_confusion_matrix(counts, numbers=numbers)).axes[0]
        for numbers in ("images", "share")
    ]
    for axes in by_number:
        np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert _written(by_number[0]) == {(0, 0): "6", (0, 1): "2", (1, 1): "10"}
    assert _written(by_number[1]) == {(0, 0): "75", (0, 1): "25", (1, 1): "100"}


@pytest.mark.parametrize("length", [3, 60])
@pytest.mark.parametrize("classes", [1, 2, 60])
def test_labels_differ_and_nothing_is_cut_off(classes, length):
    names = [f"{number:02}".rjust(length, "W") for number in range(classes)]
    figure = _rendered(draw_confusion_matrix(_square(np.eye(classes, dtype=int), names)))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(labels)) == classes
    shown, drawn = figure.get_tightbbox(), figure.bbox_inches
    assert (shown.x0, shown.y0) >= (0, 0)
    assert (shown.x1 <= drawn.x1, shown.y1 <= drawn.y1) == (True, True)
