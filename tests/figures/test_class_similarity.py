import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex

from plankton_embedding.analysis.geometry import link_classes
from plankton_embedding.figures.class_similarity import draw_class_similarity
from plankton_embedding.figures.style import GRID


def _rendered(figure):
    figure.draw_without_rendering()
    return figure


def _on_a_line(**places):
    values = np.array(list(places.values()))
    distances = np.abs(values[:, np.newaxis] - values)
    return pd.DataFrame(distances, index=pd.Index(places, name="class_name"), columns=list(places))


def _labels(ticks):
    return [label.get_text() for label in ticks]


def test_rows_and_columns_stand_in_the_table_s_order_and_the_diagonal_is_gray():
    separations = _on_a_line(c=0.0, a=1.0, b=12.5)
    heat_map = _rendered(draw_class_similarity(separations)).axes[0]
    assert _labels(heat_map.get_yticklabels()) == _labels(heat_map.get_xticklabels()) == list("cab")
    shown = heat_map.images[0].get_array().filled(np.nan)
    expected = separations.to_numpy() + np.diag([np.nan] * 3)
    np.testing.assert_array_equal(shown, expected)
    assert heat_map.images[0].get_clim() == (1, 12.5)
    (gray,) = [part for part in heat_map.collections if isinstance(part, PolyCollection)]
    cells = [path.vertices[:4].mean(axis=0).tolist() for path in gray.get_paths()]
    assert cells == [[0, 0], [1, 1], [2, 2]]
    assert to_hex(gray.get_facecolor()[0]) == GRID


@pytest.mark.parametrize("classes", [2, 6, 100])
def test_names_stand_between_the_tree_and_the_map_and_tell_classes_apart(classes):
    long_names = [f"{'a' * 30}{number:03}{'z' * 30}" for number in range(classes)]
    figure = _rendered(draw_class_similarity(_on_a_line(**dict.fromkeys(long_names, 1.0))))
    heat_map, tree = figure.axes[0], _tree(figure)
    assert len(set(_labels(heat_map.get_yticklabels()))) == classes
    boxes = [label.get_window_extent() for label in heat_map.get_yticklabels()]
    assert min(box.x0 for box in boxes) >= tree.get_window_extent().x1
    assert max(box.x1 for box in boxes) <= heat_map.get_window_extent().x0
    assert tree.get_window_extent().x0 >= 0


def test_the_nearest_class_of_each_row_is_framed_and_its_distance_written():
    heat_map = _rendered(draw_class_similarity(_on_a_line(c=0.0, a=1.0, b=12.5))).axes[0]
    cells = [(text.get_position(), text.get_text()) for text in heat_map.texts]
    assert cells == [((1, 0), "1.0"), ((0, 1), "1.0"), ((1, 2), "12")]
    (lines,) = [part for part in heat_map.collections if isinstance(part, LineCollection)]
    frames = lines.get_segments()
    for frame, ((column, row), _) in zip(frames, cells, strict=True):
        assert frame.min(axis=0).tolist() == [column - 0.5, row - 0.5]
        assert frame.max(axis=0).tolist() == [column + 0.5, row + 0.5]


def _tree(figure):
    return next(axes for axes in figure.axes[0].child_axes if "groups join" in axes.get_xlabel())


def test_the_tree_joins_the_nearest_first_at_their_mean_distance():
    # c and a join at 1 between rows 0 and 1; both with b at (12.5 + 11.5) / 2, up to row 2.
    figure = _rendered(draw_class_similarity(_on_a_line(c=0.0, a=1.0, b=12.5)))
    first, second = _tree(figure).collections[0].get_segments()
    bracket = [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert first.tolist() in (bracket, bracket[::-1])
    corners = {tuple(corner) for corner in second.tolist()}
    assert corners == {(1, 0.5), (12, 0.5), (12, 2), (0, 2)}
    low, high = sorted(_tree(figure).get_xlim())
    assert low == 0
    assert high >= 12


def test_a_hundred_classes_have_99_branches_at_the_heights_of_their_joins():
    places = np.sort(np.random.default_rng(0).uniform(size=100))
    separations = _on_a_line(**{f"class {row}": place for row, place in enumerate(places)})
    branches = np.array(_tree(draw_class_similarity(separations)).collections[0].get_segments())
    assert branches.shape == (99, 4, 2)
    np.testing.assert_allclose(branches[:, 1, 0], link_classes(separations)[:, 2])


def test_two_classes_one_class_and_identical_ones_can_be_drawn():
    two = _rendered(draw_class_similarity(_on_a_line(a=0.0, b=3.0)))
    assert [text.get_text() for text in two.axes[0].texts] == ["3.0", "3.0"]
    assert two.axes[0].images[0].get_clim() == (0, 3)
    one = _rendered(draw_class_similarity(_on_a_line(a=0.0)))
    assert [text.get_text() for text in one.axes[0].texts] == ["only one\nclass"]
    same = _rendered(draw_class_similarity(_on_a_line(a=1.0, b=1.0, c=1.0)))
    assert [text.get_text() for text in same.axes[0].texts] == ["0", "0", "0"]


def test_the_colour_bar_names_its_unit():
    figure = draw_class_similarity(_on_a_line(a=0.0, b=3.0))
    (bar,) = [axes for axes in figure.axes[0].child_axes if axes is not _tree(figure)]
    assert bar.get_xlabel() == "separation: distance of two centroids in the embedding"
