import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from plankton_embedding.analysis.principal_basis import fit_principal_basis
from plankton_embedding.analysis.projection import project_classes
from plankton_embedding.figures.component_views import draw_component_views
from plankton_embedding.figures.number_discs import draw_discs, spread_apart
from plankton_embedding.figures.palette import class_colours


def _projected(values, class_names, components=4, standardised=False):
    table = pd.DataFrame(values).add_prefix("e")
    table = table.assign(class_name=class_names, image_id=[f"{row}" for row in range(len(table))])
    basis = fit_principal_basis(values, components, standardised)
    return project_classes(table, basis, per_class=50, central_share=1.0, seed=0)


def _drawn(projected):
    figure = draw_component_views(projected)
    figure.savefig(io.BytesIO(), format="svg")
    return figure


def test_views_have_hulls_of_the_classes_colours_and_numbers_at_centroids():
    random = np.random.default_rng(0)
    names = ["$a$", "b/é"]
    projected = _projected(random.normal(size=(40, 5)) * 3, names * 20)
    first, second, key = _drawn(projected).axes
    colours = list(class_colours(names).values())
    assert [to_hex(patch.get_edgecolor()) for patch in first.patches] == colours
    assert [text.get_text() for text in key.texts] == ["1", "2", "$a$", "b/é"]
    for axes, columns in ((first, ["pc1", "pc2"]), (second, ["pc3", "pc4"])):
        assert [text.get_text() for text in axes.texts] == ["1", "2"]
        dots = axes.collections[0].get_offsets()
        np.testing.assert_allclose(dots, projected.points.loc[:39, columns])
        hull = axes.patches[0].get_xy()
        own = projected.central["$a$"][:, [int(column[-1]) - 1 for column in columns]]
        np.testing.assert_allclose(hull.min(axis=0), own.min(axis=0))
        np.testing.assert_allclose(hull.max(axis=0), own.max(axis=0))


def test_both_axes_of_a_view_have_one_scale():
    random = np.random.default_rng(0)
    projected = _projected(random.normal(size=(40, 4)) * [50, 1, 1, 1], ["a", "b"] * 20)
    figure = _drawn(projected)
    axes = figure.axes[0]
    across, up = axes.transData.transform([[1, 0], [0, 1]]) - axes.transData.transform([0, 0])
    assert across[0] == pytest.approx(up[1])
    left, right = axes.get_xlim()
    dots = axes.collections[0].get_offsets()[:, 0]
    assert left < dots.min() < left + 0.05 * (right - left)
    assert right - 0.05 * (right - left) < dots.max() < right


def test_titles_say_what_was_projected():
    values = np.random.default_rng(0).normal(size=(20, 4))
    plain, standardised = (
        _drawn(_projected(values, ["a", "b"] * 10, standardised=choice)).axes[0]
        for choice in (False, True)
    )
    assert plain.get_title(loc="left") == "Components 1 and 2 of the embedding"
    assert standardised.get_title(loc="left") == "Components 1 and 2 of the standardised features"


@pytest.mark.parametrize(
    ("values", "names", "views"),
    [
        ([[0.0, 1], [2, 5], [3, 3]], ["a", "a", "b"], 1),
        ([[0.0], [2], [3]], ["a", "a", "b"], 1),
        ([[0.1, 0.2, 0.3]], ["a"], 1),
        ([[0.1, 0.2, 0.3]] * 4, ["a", "b", "a", "b"], 1),
        ([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], ["a"] * 4, 2),
    ],
)
def test_few_dimensions_images_or_classes_can_be_drawn(values, names, views):
    figure = _drawn(_projected(np.array(values), names))
    assert len(figure.axes) == views + 1
    for axes in figure.axes[:-1]:
        assert np.isfinite([axes.get_xlim(), axes.get_ylim()]).all()


def test_a_hundred_classes_with_long_names_keep_their_key_inside_the_figure():
    names = [f"{number:03}_" + "a_long_name_of_a_class" * 3 for number in range(100)]
    values = np.random.default_rng(0).normal(size=(300, 4))
    figure = _drawn(_projected(values, names * 3))
    key = figure.axes[-1]
    edge = figure.bbox.width
    assert max(text.get_window_extent().x1 for text in key.texts) <= edge
    boxes = sorted(text.get_window_extent().y0 for text in key.texts[100:])
    assert boxes[0] >= 0


def test_crowded_numbers_move_apart_and_others_stay():
    anchors = np.array([[0.0, 0], [0, 0], [1, 0], [100, 100]])
    places = spread_apart(anchors, distance=10)
    np.testing.assert_array_equal(places[3], [100, 100])
    for first in range(4):
        for second in range(first):
            assert np.linalg.norm(places[first] - places[second]) > 9
    assert np.abs(places[:3] - anchors[:3]).max() < 15
    np.testing.assert_array_equal(places, spread_apart(anchors, distance=10))


def test_discs_stay_inside_the_axes_and_are_tied_to_their_centroids():
    figure = Figure()
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    centroids = np.array([[0.0, 0], [0, 0], [0.5, 0.5]])
    draw_discs(axes, centroids, ["#000000", "#ffff00", "#ff0000"], diameter=12)
    discs = np.array([text.get_position() for text in axes.texts])
    assert (discs >= 0).all()
    np.testing.assert_allclose(discs[2], [0.5, 0.5])
    ties = np.array(axes.collections[0].get_segments())
    np.testing.assert_allclose(ties[:, 0], centroids)
    np.testing.assert_allclose(ties[:, 1], discs)
    on_black, on_yellow, _ = (text.get_color() for text in axes.texts)
    assert on_black > on_yellow
