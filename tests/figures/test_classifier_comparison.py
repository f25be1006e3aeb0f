import io

import pandas as pd
import pytest

from plankton_embedding.figures.classifier_comparison import draw_classifier_comparison


@pytest.fixture
def comparison() -> pd.DataFrame:
    """Return three classifiers, not in order."""
    accuracy = pd.Series([0.5, 0.9, 0.88])
    columns = {
        "classifier": ["tree", "$centroid$", "machine"],
        "settings": ["leaves: 9", "Euclidean <distance>", "C = 1"],
    }
    for name, low, high in (
        ("accuracy", "low", "high"),
        ("balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high"),
        ("macro_f1", "macro_f1_low", "macro_f1_high"),
    ):
        columns |= {name: accuracy, low: accuracy - 0.02, high: accuracy + 0.02}
    return pd.DataFrame(columns).assign(fit_seconds=[0.5, 0.0, 2], predict_seconds=[0.01, 0.1, 20])


@pytest.fixture
def differences() -> pd.DataFrame:
    """Return their pairs: the tree is surely worse than both, the others are alike."""
    rows = [
        ("tree", "$centroid$", -0.4, 0.001),
        ("tree", "machine", -0.38, 0.002),
        ("$centroid$", "machine", 0.02, 0.3),
    ]
    columns = ["first", "second", "difference", "adjusted_p_value"]
    return pd.DataFrame(rows, columns=columns)


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_rows_go_from_the_most_accurate_down(comparison, differences):
    figure = draw_classifier_comparison(comparison, differences)
    figure.savefig(io.BytesIO(), format="png")
    scores, times, _ = figure.axes
    assert [line.get_xdata().tolist() for line in scores.lines[:3]] == [[0.9, 0.88, 0.5]] * 3
    assert [text for text in _texts(scores) if text[0] in "123"] == [
        "1  $centroid$",
        "2  machine",
        "3  tree",
    ]
    assert {"90.0", "88.0", "50.0", "Euclidean <distance>"} <= set(_texts(scores))
    assert scores.get_ylim() == (2.5, -0.5)
    assert scores.get_xlim()[1] < 1
    fit, predict = times.lines[:2]
    assert fit.get_xdata().tolist() == [1e-4, 2, 0.5]
    assert predict.get_xdata().tolist() == [0.1, 20, 0.01]


def test_matrix_shows_how_far_a_row_is_behind_and_fills_what_is_sure(comparison, differences):
    pairs = draw_classifier_comparison(comparison, differences).axes[2]
    cells = {text.get_position(): text.get_text() for text in pairs.texts if "p <" not in str(text)}
    assert cells == {(0, 1): "2.0", (0, 2): "40.0", (1, 2): "38.0"}
    filled = sorted(
        (round(cell.get_x() + 0.47), round(cell.get_y() + 0.46)) for cell in pairs.patches
    )
    assert filled == [(0, 2), (1, 2)]


def test_scores_that_are_all_perfect_can_be_drawn(comparison, differences):
    bounds = [name for name in comparison if name.endswith(("low", "high"))]
    scores = ["accuracy", "balanced_accuracy", "macro_f1", *bounds]
    perfect = comparison.assign(**dict.fromkeys(scores, 1.0))
    figure = draw_classifier_comparison(perfect, differences.assign(difference=0.0))
    figure.savefig(io.BytesIO(), format="png")
    assert max(figure.axes[0].get_xticks()) == 1
