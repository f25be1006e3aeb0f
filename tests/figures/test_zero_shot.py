"""The figure of accuracy against the size of the support set."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.zero_shot import MEASURES, METHODS
from plankton_embedding.figures.style import figure_to_svg
from plankton_embedding.figures.zero_shot import draw_zero_shot


@pytest.fixture
def scores():
    rows = [
        (name, method, support, images, 4, 20, measure, share, share - 0.05, share + 0.05, 20)
        for name, better in (("trained", 0.1), ("untrained <script> $x$", 0.0))
        for method in METHODS
        for support, images, mean in (("1", 1.0, 0.4), ("10", 10.0, 0.6), ("all", 80.0, 0.7))
        for measure in MEASURES
        for share in [mean + better]
    ]
    columns = ["vectors", "method", "support", "support_images", "unseen_classes", "seen_classes"]
    return pd.DataFrame(rows, columns=[*columns, "measure", "mean", "low", "high", "draws"])


def lines_of(axes, colour):
    return [line for line in axes.get_lines() if line.get_color() == colour]


def test_each_panel_shows_each_embedding_by_each_method(scores):
    figure = draw_zero_shot(scores)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Unseen images, among the unseen classes",
        "Unseen images, among all classes",
        "Seen images, among all classes",
        "Harmonic mean of seen and unseen, among all",
    ]
    trained = figure.axes[1].get_lines()[0]
    assert trained.get_xdata().tolist() == [1.0, 10.0, 80.0]
    np.testing.assert_allclose(trained.get_ydata(), [0.5, 0.7, 0.8])
    assert [len(axes.get_lines()) for axes in figure.axes] == [5, 4, 6, 4]
    for axes in figure.axes:
        assert axes.get_xscale() == "log"
        assert len(axes.collections) == 4
    band = figure.axes[1].collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (pytest.approx(0.45), pytest.approx(0.85))


def test_panels_draw_their_own_measure(scores):
    for place, measure in enumerate(MEASURES[:4]):
        one = scores.copy()
        one.loc[one["measure"] == measure, "mean"] = 0.123
        axes = draw_zero_shot(one).axes
        hits = [any(np.allclose(line.get_ydata(), 0.123) for line in a.get_lines()) for a in axes]
        assert hits == [other == place for other in range(4)]


def test_legend_names_embeddings_and_methods_as_they_are(scores):
    legend = draw_zero_shot(scores).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [
        "trained",
        "untrained <script> $x$",
        "nearest centroid",
        "nearest neighbours",
        "seen images, unseen classes not there",
    ]


def test_chance_is_one_of_the_unseen_classes(scores):
    scores.loc[scores["support"] == "all", "unseen_classes"] = 2
    figure = draw_zero_shot(scores)
    chance = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == ":"]
    assert chance[0].get_ydata().tolist() == [0.25, 0.25, 0.5]
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert labels == ["1\n4 of 4", "10\n4 of 4", "all: 80\n2 of 4"]


def test_sizes_that_are_close_share_a_label(scores):
    scores.loc[scores["support"] == "all", "support_images"] = 12.4
    figure = draw_zero_shot(scores)
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert labels == ["1", "10\nall: 12.4"]


@pytest.mark.parametrize("supports", [["10"], []])
def test_one_size_or_none_is_drawn(scores, supports):
    few = scores[scores["support"].isin(supports)]
    figure = draw_zero_shot(few)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert ("no unseen class has images enough" in texts) == (not supports)
    assert figure_to_svg(figure, "zero shot").startswith("<svg")


def test_missing_seen_scores_leave_their_panels_empty(scores):
    of_seen = scores["measure"].isin(["seen_among_all", "harmonic_mean", "seen_among_seen"])
    scores.loc[of_seen, ["mean", "low", "high"]] = np.nan
    assert figure_to_svg(draw_zero_shot(scores), "zero shot").startswith("<svg")
