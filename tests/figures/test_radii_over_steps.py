from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.radii_over_steps import draw_radii_over_steps, spread_apart


def _rendered(figure):
    figure.draw_without_rendering()
    return figure


def _geometry(classes, steps):
    """Return class 0 of radius 10, class 1 of 11, …, smaller by a step; movement is the step."""
    names = [f"class {number:03}" for number in range(classes)]
    table = pd.MultiIndex.from_product([range(1, steps + 1), names], names=["step", "class_name"])
    table = table.to_frame(index=False)
    radius = 10.0 + table.groupby("step").cumcount() - table["step"]
    movement = table["step"].astype(float).where(table["step"] > 1)
    return table.assign(radius=radius, nearest_class="", nearest_distance=1.0, movement=movement)


def _lines(axes, colour):
    return [
        line.get_ydata().tolist()
        for line in axes.lines
        if line.get_color() == colour and line.get_transform() != axes.transAxes
    ]


def test_each_class_has_a_line_in_its_colour_and_the_mean_lies_on_top():
    radii, movements = _rendered(draw_radii_over_steps(_geometry(3, 2))).axes
    colours = class_colours(["class 000", "class 001", "class 002"])
    for number, colour in enumerate(colours.values()):
        assert _lines(radii, colour) == [[9.0 + number, 8.0 + number]]
        np.testing.assert_array_equal(_lines(movements, colour), [[np.nan, 2]])
    (mean,) = [line for line in radii.lines if line.get_label() == "mean over classes"]
    assert mean.get_ydata().tolist() == [10, 9]
    assert mean.get_zorder() == max(line.get_zorder() for line in radii.lines)


def test_the_classes_at_either_end_are_named_from_the_smallest_up():
    radii = draw_radii_over_steps(_geometry(100, 3)).axes[0]
    *names, note = [text.get_text() for text in radii.texts]
    assert [int(name[-3:]) for name in names] == [0, 1, 2, 3, 96, 97, 98, 99]
    assert note == "named: the 4 largest and the\n4 smallest of 100 at the end"
    assert not any(
        "named" in text.get_text() for text in draw_radii_over_steps(_geometry(8, 3)).axes[0].texts
    )
    places = [text.get_position()[1] for text in radii.texts[:-1]]
    assert min(places) >= 0
    assert max(places) <= 1


@pytest.mark.parametrize("classes", [27, 100])
def test_names_do_not_overlap_where_values_nearly_agree(classes):
    geometry = _geometry(classes, 3)
    figure = draw_radii_over_steps(geometry.assign(radius=1 + geometry["radius"] / 1e4))
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == 8 + 1
        assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))


def test_movement_starts_at_0_and_leaders_start_at_the_values():
    movements = draw_radii_over_steps(_geometry(3, 4)).axes[1]
    low, high = movements.get_ylim()
    assert low == 0
    leaders = [line for line in movements.lines if line.get_transform() == movements.transAxes]
    assert [leader.get_ydata()[0] for leader in leaders] == pytest.approx([4 / high] * 3)


def test_one_step_says_that_movement_needs_two():
    radii, movements = _rendered(draw_radii_over_steps(_geometry(2, 1))).axes
    assert [text.get_text() for text in movements.texts] == ["needs two steps"]
    assert radii.lines[0].get_marker() == "o"


def test_a_class_missing_at_a_step_leaves_a_gap():
    geometry = _geometry(2, 3).drop(index=2)  # class 0 at step 2
    radii = draw_radii_over_steps(geometry).axes[0]
    colour = class_colours(["class 000", "class 001"])["class 000"]
    np.testing.assert_array_equal(_lines(radii, colour), [[9, np.nan, 7]])


def test_one_class_and_radii_of_0_can_be_drawn():
    _rendered(draw_radii_over_steps(_geometry(1, 2).assign(radius=0.0, movement=0.0)))


def test_spread_apart_moves_as_little_as_it_takes():
    spread = [0.1, 0.5, 0.9]
    assert spread_apart(np.array(spread), 0.1).tolist() == pytest.approx(spread)
    apart = spread_apart(np.array([0.5, 0.5, 0.9]), 0.2)
    assert apart.tolist() == pytest.approx([0.4, 0.6, 0.9])
    assert spread_apart(np.array([1.0, 1.0]), 0.2).tolist() == pytest.approx([0.8, 1.0])
    assert spread_apart(np.array([0.0, 0.0]), 0.2).tolist() == pytest.approx([0.0, 0.2])
    assert spread_apart(np.array([]), 0.2).tolist() == []


def test_spread_apart_keeps_the_order_the_gap_and_the_bounds():
    random = np.random.default_rng(0)
    for count in range(1, 10):
        apart = spread_apart(np.sort(random.uniform(size=count)), 0.1)
        assert (np.diff(apart) >= 0.1 - 1e-12).all()
        assert apart.min() >= 0
        assert apart.max() <= 1 + 1e-12
