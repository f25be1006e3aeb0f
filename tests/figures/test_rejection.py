import io

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.open_set import NOVELTY_SCORES
from plankton_embedding.analysis.rejection import choose_thresholds, measure_rejection
from plankton_embedding.analysis.rejection_curves import measure_rejection_curves
from plankton_embedding.figures.rejection import draw_open_set_accuracy, draw_rejection_curves


def _measured(shift=2.0, kept_share=0.9, unseen=True):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"split": ["validation"] * 60 + ["test"] * 60 + ["unseen"] * 40})
    table["known"] = table["split"] != "unseen"
    table["class_name"] = np.where(table["known"], "a", "x")
    table["predicted_class"] = np.where(np.arange(160) % 5, "a", "b")
    for name in NOVELTY_SCORES:
        table[name] = random.gamma(2, size=160) + shift * ~table["known"]
    table = table if unseen else table[table["known"]]
    rejection = measure_rejection(table, choose_thresholds(table, kept_share), 50, 0)
    return measure_rejection_curves(table, 100), rejection


def _rendered(figure):
    figure.savefig(io.BytesIO(), format="svg")
    return figure


def _legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def _line(axes, label):
    return next(line for line in axes.lines if str(line.get_label()).startswith(label))


def test_curves_are_those_of_the_table_with_their_areas_named():
    curves, rejection = _measured()
    roc, moving = _rendered(draw_rejection_curves(curves, rejection)).axes
    row = rejection.iloc[1]
    area = f"{row['auroc']:.3f} ({row['auroc_low']:.3f}–{row['auroc_high']:.3f})"
    assert _legend(roc)[1] == f"Mahalanobis distance: area {area}"
    part = curves[curves["score"] == "mahalanobis_distance"]
    line = _line(roc, "Mahalanobis")
    np.testing.assert_array_equal(line.get_xdata(), part["unknown_kept"])
    np.testing.assert_array_equal(line.get_ydata(), part["known_kept"])
    line = _line(moving, "Mahalanobis")
    np.testing.assert_array_equal(line.get_xdata(), part["validation_kept"])
    np.testing.assert_array_equal(line.get_ydata(), 1 - part["unknown_kept"])
    kept, rejected = (100 * row[name] for name in ("known_kept", "unknown_rejected"))
    assert (
        _legend(moving)[2] == f"Mahalanobis distance: {kept:.1f} % kept, {rejected:.1f} % rejected"
    )


def test_open_set_accuracy_and_oscr_are_those_of_the_table():
    curves, rejection = _measured()
    accuracy, oscr = _rendered(draw_open_set_accuracy(curves, rejection)).axes
    row = rejection.iloc[0]
    assert f"{100 * row['open_set_accuracy']:.1f} %" in _legend(accuracy)[1]
    assert _legend(accuracy)[0] == f"nothing rejected: {100 * 48 / 100:.1f} %"
    assert _legend(oscr)[:2] == [
        "nothing rejected: 80.0 %",
        f"distance ÷ radius: area {row['oscr_area']:.3f}",
    ]
    assert oscr.get_xscale() == "log"
    part = curves[(curves["score"] == "scaled_distance") & (curves["unknown_kept"] > 0)]
    np.testing.assert_array_equal(_line(oscr, "distance ÷").get_ydata(), part["known_right_kept"])


@pytest.mark.parametrize("kept_share", [0.1, 0.95, 1.0])
def test_the_stated_share_is_in_view(kept_share):
    accuracy, _ = _rendered(draw_open_set_accuracy(*_measured(kept_share=kept_share))).axes
    low, high = accuracy.get_xlim()
    assert low < kept_share < high


@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_scores_that_tell_nothing_or_all_can_be_drawn(shift):
    curves, rejection = _measured(shift)
    _rendered(draw_rejection_curves(curves, rejection))
    _rendered(draw_open_set_accuracy(curves, rejection))


def test_without_unseen_images_panels_say_what_they_need_and_what_is_kept_is_drawn():
    curves, rejection = _measured(unseen=False)
    roc, moving = _rendered(draw_rejection_curves(curves, rejection)).axes
    assert [text.get_text() for text in roc.texts] == ["needs images of unseen classes"]
    assert _legend(moving)[1] == f"distance ÷ radius: {100 * rejection['known_kept'][0]:.1f} % kept"
    for axes in _rendered(draw_open_set_accuracy(curves, rejection)).axes:
        assert [text.get_text() for text in axes.texts] == ["needs images of unseen classes"]


def test_without_a_threshold_there_are_still_curves():
    curves, rejection = _measured()
    curves = curves.assign(validation_kept=np.nan)
    rejection = rejection.assign(threshold=np.nan, validation_kept=np.nan)
    _rendered(draw_rejection_curves(curves, rejection))
    _rendered(draw_open_set_accuracy(curves, rejection))
