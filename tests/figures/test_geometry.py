import numpy as np
import pytest

from plankton_embedding.figures.geometry import draw_geometry_over_steps


def _rendered(figure):
    figure.draw_without_rendering()
    return figure


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_geometry_has_four_panels(step_metrics):
    figure = _rendered(draw_geometry_over_steps(step_metrics))
    accuracy, distances, ratio, movement = figure.axes
    assert accuracy.get_title(loc="left") == "Accuracy"
    assert accuracy.lines[0].get_ydata().tolist() == [0.45, 0.65, 0.75]
    assert [line.get_ydata().tolist() for line in distances.lines] == [[1, 1.5, 2], [1, 1, 1]]
    assert ratio.lines[0].get_ydata().tolist() == [1, 1.5, 2]
    assert movement.lines[0].get_xdata().tolist() == [2, 3]


def test_accuracy_with_an_image_s_own_help_is_a_dashed_line(step_metrics):
    helped = draw_geometry_over_steps(step_metrics).axes[0].lines[1]
    assert helped.get_ydata().tolist() == [0.5, 0.7, 0.8]
    assert helped.is_dashed()
    assert "optimistic" in helped.get_label()


def test_separations_are_said_to_be_of_distinct_pairs(step_metrics):
    legend = draw_geometry_over_steps(step_metrics).axes[1].get_legend()
    assert "distinct pairs" in legend.get_texts()[0].get_text()


def test_one_step_shows_spreads_and_says_that_movement_needs_two(step_metrics):
    accuracy, distances, _, movement = _rendered(draw_geometry_over_steps(step_metrics[:1])).axes
    assert _texts(movement) == ["needs two steps"]
    spans = [
        collection.get_segments()[0][:, 1].tolist()
        for collection in distances.collections
        if hasattr(collection, "get_segments")
    ]
    assert spans == [pytest.approx([0.9, 1.1]), pytest.approx([0.9, 1.1])]
    assert accuracy.lines[0].get_ydata().tolist() == [0.45]


def test_one_class_says_that_the_ratio_needs_two(step_metrics):
    columns = ["mean_separation", "separation_low", "separation_high", "separation_to_radius"]
    step_metrics[columns] = np.nan
    _, distances, ratio, _ = _rendered(draw_geometry_over_steps(step_metrics)).axes
    assert [line.get_ydata().tolist() for line in distances.lines] == [[1, 1, 1]]
    assert _texts(ratio) == ["needs two classes"]


def test_radii_of_0_have_no_ratio(step_metrics):
    step_metrics[["mean_radius", "radius_low", "radius_high"]] = 0.0
    step_metrics["separation_to_radius"] = np.nan
    assert _texts(_rendered(draw_geometry_over_steps(step_metrics)).axes[2]) == ["all radii are 0"]


def test_without_test_images_and_at_100_percent_accuracy_can_be_drawn(step_metrics):
    columns = [name for name in step_metrics if name.startswith(("test", "validation"))]
    step_metrics[columns] = 1.0
    step_metrics[[name for name in columns if name.startswith("test")]] = np.nan
    accuracy = _rendered(draw_geometry_over_steps(step_metrics)).axes[0]
    low, high = accuracy.get_ylim()
    assert low < 1 < high
    assert len(accuracy.get_legend().get_texts()) == 2
