import numpy as np
import pandas as pd
import pytest

from plankton_embedding.figures.class_scores import draw_class_scores


def _rendered(figure):
    figure.draw_without_rendering()
    return figure


def _metrics(**changes):
    table = {
        "class_name": ["worse", "best", "<b>$x$"],
        "precision": [0.6, 0.9, 1.0],
        "recall": [0.5, 0.95, 0.8],
        "recall_low": [0.4, 0.9, 0.7],
        "recall_high": [0.6, 0.97, 0.9],
        "f1": [0.55, 0.92, 0.9],
        "support": [10, 2000, 10],
        "predicted": [9, 2001, 8],
        "radius": [1.0, 1.0, 1.0],
    }
    return pd.DataFrame({**table, **changes})


def _names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def _notes(axes):
    return [text.get_text() for text in axes.texts[1:]]


def test_classes_go_from_the_best_recall_down():
    (axes,) = _rendered(draw_class_scores(_metrics())).axes
    assert _names(axes) == ["worse", "<b>$x$", "best"]  # upwards
    recall, precision, mean = axes.lines
    assert recall.get_xdata().tolist() == [0.5, 0.8, 0.95]
    assert precision.get_xdata().tolist() == [0.6, 1.0, 0.9]
    assert mean.get_xdata() == pytest.approx([0.75, 0.75])
    spans = [segment[:, 0].tolist() for segment in axes.collections[0].get_segments()]
    assert spans == [[0.4, 0.6], [0.7, 0.9], [0.9, 0.97]]
    assert _notes(axes) == ["10", "10", "2,000"]


def test_the_axis_holds_every_interval_and_mark():
    (axes,) = _rendered(draw_class_scores(_metrics(precision=[0.1, 1.0, 1.0]))).axes
    low, high = axes.get_xlim()
    assert low < 0.1
    assert high > 1


def test_a_class_that_was_not_tested_or_not_told_says_why():
    missing = np.nan
    metrics = _metrics(
        class_name=["no centroid", "untested", "never told"],
        precision=[missing, 0.0, missing],
        recall=[0.0, missing, 0.0],
        recall_low=[0.0, missing, 0.0],
        recall_high=[0.3, missing, 0.3],
        f1=[0.0, missing, 0.0],
        support=[10, 0, 10],
        predicted=[0, 5, 0],
        radius=[missing, 1.0, 1.0],
    )
    (axes,) = _rendered(draw_class_scores(metrics)).axes
    assert _names(axes) == ["untested", "no centroid", "never told"]
    assert _notes(axes) == ["0", "10  no centroid", "10  never predicted"]


def test_one_class_and_a_hundred_can_be_drawn():
    _rendered(draw_class_scores(_metrics()[:1]))
    many = pd.concat([_metrics()] * 34, ignore_index=True)
    many["class_name"] = [f"{'x' * 60} {row}" for row in range(len(many))]
    figure = draw_class_scores(many)
    assert len(_names(figure.axes[0])) == 102
    assert figure.get_figheight() > 15
