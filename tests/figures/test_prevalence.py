import io

import pandas as pd
import pytest

from plankton_embedding.figures.prevalence import draw_weighted_accuracy

ACCURACIES = pd.DataFrame(
    {
        "weighting": ["as_tested", "balanced", "natural_prevalence"],
        "accuracy": [0.9, 0.85, 1.0],
        "low": [0.8, 0.8, 0.95],
        "high": [0.95, 0.9, 1.0],
    }
)


def _axes(without):
    figure = draw_weighted_accuracy(ACCURACIES, without)
    figure.savefig(io.BytesIO(), format="png")
    return figure.axes[0]


def test_every_weighting_has_its_interval():
    axes = _axes({"left_out": ["other"], "accuracy": 0.97, "low": 0.9, "high": 0.99})
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0].startswith("as tested")
    assert labels[3] == "without catch-all classes"
    assert axes.containers[0].lines[0].get_xdata().tolist() == [0.9, 0.85, 1, 0.97]
    ends = [segment[:, 0].tolist() for segment in axes.containers[0].lines[2][0].get_segments()]
    assert ends == [
        pytest.approx(pair) for pair in ([0.8, 0.95], [0.8, 0.9], [0.95, 1], [0.9, 0.99])
    ]
    assert [text.get_text() for text in axes.texts] == ["90.0 %", "85.0 %", "100.0 %", "97.0 %"]
    assert axes.get_xticks().max() <= 1


@pytest.mark.parametrize("without", [{"left_out": [], "accuracy": 0.9}, {"left_out": ["other"]}])
def test_without_catch_alls_is_drawn_only_where_it_says_something(without):
    assert len(_axes(without).get_yticklabels()) == 3
