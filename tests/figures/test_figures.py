import io

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.figures.confusion import draw_confusion_matrix
from plankton_embedding.figures.principal_components import draw_principal_components


def _rendered(figure):
    figure.savefig(io.BytesIO(), format="png")
    return figure


def test_confusion_matrix_shows_counts_in_the_table_s_order():
    counts = pd.DataFrame([[8, 2], [0, 12_345]], index=["b", "$a$"], columns=["b", "$a$"])
    axes = _rendered(draw_confusion_matrix(counts)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "$a$"]
    assert [text.get_text() for text in axes.texts] == ["8", "2", "12k"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.8, 0.2], [0, 1]])


def test_a_class_without_test_images_can_be_drawn():
    counts = pd.DataFrame([[0, 0], [1, 3]], index=["a", "b"], columns=["a", "b"])
    array = _rendered(draw_confusion_matrix(counts)).axes[0].images[0].get_array()
    np.testing.assert_allclose(array, [[0, 0], [0.25, 0.75]])


def test_class_counts_go_from_the_largest_class_down(class_counts):
    found, shares = _rendered(draw_class_counts(class_counts)).axes
    labels = [label.get_text() for label in found.get_yticklabels()]
    assert labels == ["(no class)", "tiny", "Penilia"]
    widths = [bar.get_width() for bar in shares.patches]
    assert sum(widths) == pytest.approx(3)
    assert widths[2] == pytest.approx(0.79)


@pytest.mark.parametrize("unseen", [None, 0, 300])
def test_unseen_classes_are_drawn_where_there_are_any(class_counts, unseen):
    counts = class_counts
    if unseen is not None:
        whole = {"class_name": "new", "found": unseen, "unseen": unseen}
        counts = pd.concat([counts.assign(unseen=0), pd.DataFrame([whole])]).fillna(0)
    figure = _rendered(draw_class_counts(counts))
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert [label for label in labels if "unseen" in label] == (["unseen (300)"] if unseen else [])
    widths = [bar.get_width() for bar in figure.axes[1].patches]
    assert sum(widths) == pytest.approx(4 if unseen else 3)


def test_three_dimensional_view_escapes_names_and_tells_centroids_by_size():
    points = pd.DataFrame(
        {
            "class_name": ["<b>", "<b>", "safe"],
            "image_id": ["<i>.png", "", ""],
            "is_centroid": [False, True, True],
            "pc1": [0.0, 1.0, 2.0],
            "pc2": 0.0,
            "pc3": 0.0,
        }
    )
    figure = draw_principal_components(points, np.array([0.5, 0.3, 0.2]))
    first, second = figure.data
    assert (first.name, second.name) == ("&lt;b&gt;", "safe")
    assert list(first.text) == ["<b>&lt;b&gt;</b><br>&lt;i&gt;.png", "<b>&lt;b&gt;</b><br>centroid"]
    assert first.marker.size[0] < first.marker.size[1]
    assert figure.layout.scene.xaxis.title.text == "PC 1 (50%)"
    assert figure.layout.scene.aspectmode == "data"
