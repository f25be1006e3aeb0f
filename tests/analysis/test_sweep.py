"""Tables of trials, and what is said of their differences."""

import pandas as pd
import pytest

from plankton_embedding.analysis.scores import wilson_interval
from plankton_embedding.analysis.sweep import (
    best_trial,
    describe_outcome,
    describe_settings,
    tabulate_steps,
    tabulate_trials,
)

LOSS, MARGIN = "training.network.loss", "training.losses.triplet.margin"


def trial(number, accuracies, status="complete", **settings):
    steps = [
        {"step": step, "stage": "network", "epochs": 2 * step, "accuracy": accuracy}
        for step, accuracy in enumerate(accuracies, 1)
    ]
    facts = {"images": 100 if steps else None, "seconds": 3.5, "run_id": f"run{number}"}
    error = "DivergedError: nan" if status == "failed" else None
    return {
        "number": number,
        "status": status,
        "settings": settings,
        "steps": steps,
        "error": error,
        **facts,
    }


TRIALS = [
    trial(0, [0.5, 0.8, 0.7], **{LOSS: "triplet", MARGIN: 5.0}),
    trial(1, [0.99], "pruned", **{LOSS: "triplet", MARGIN: 0.5}),
    trial(2, [], "failed", **{LOSS: "supcon"}),
    trial(3, [0.6, 0.75, 0.74], **{LOSS: "supcon"}),
    trial(4, [0.2, 0.3, 0.4], **{LOSS: "supcon"}),
]


def test_a_trial_is_a_row():
    table = tabulate_trials(TRIALS, [LOSS, MARGIN]).set_index("trial")
    first = table.loc[0]
    assert (first["accuracy"], first["best_step"], first["steps"], first["epochs"]) == (
        0.8,
        2,
        3,
        6,
    )
    low, high = wilson_interval(80, 100)
    assert (first["low"], first["high"]) == pytest.approx((float(low), float(high)))
    assert list(table[LOSS]) == ["triplet", "triplet", "supcon", "supcon", "supcon"]
    # It does not act where another loss is used.
    assert list(table[MARGIN].isna()) == [False, False, True, True, True]
    assert list(table["status"]) == ["complete", "pruned", "failed", "complete", "complete"]
    assert list(table["run_id"]) == [f"run{number}" for number in range(5)]


def test_a_trial_that_failed_at_once_has_no_accuracy_but_its_error():
    failed = tabulate_trials(TRIALS, [LOSS]).loc[2]
    assert pd.isna(failed["accuracy"])
    assert pd.isna(failed["validation_images"])
    assert failed["error"] == "DivergedError: nan"


def test_every_step_of_every_trial_is_kept():
    steps = tabulate_steps(TRIALS)
    assert list(steps["trial"]) == [0, 0, 0, 1, 3, 3, 3, 4, 4, 4]
    assert list(steps["accuracy"][:4]) == [0.5, 0.8, 0.7, 0.99]


def test_no_trials_make_tables_with_their_columns():
    assert tabulate_trials([], [LOSS]).columns[2] == LOSS
    assert list(tabulate_steps([]).columns) == ["trial", "step", "stage", "epochs", "accuracy"]


def test_the_best_was_trained_to_its_end():
    table = tabulate_trials(TRIALS, [LOSS])
    assert best_trial(table)["trial"] == 0
    assert best_trial(table[table["status"] != "complete"]) is None


def test_of_equal_trials_the_first_is_the_best():
    table = tabulate_trials([trial(7, [0.5]), trial(8, [0.5])], [])
    assert best_trial(table)["trial"] == 7


def test_the_outcome_names_those_that_chance_alone_may_part():
    words = describe_outcome(tabulate_trials(TRIALS, [LOSS]))
    assert "5 trials: 3 complete, 1 pruned, 1 failed" in words
    assert "The best is trial 0, right on 80.0 % of 100 validation images after step 2" in words
    assert "71.1 to 86.7 %" in words
    assert "perhaps as good: trial 3." in words


def test_an_outcome_that_stands_alone_says_so():
    words = describe_outcome(tabulate_trials([TRIALS[0], TRIALS[4]], [LOSS]))
    assert "No other trial reaches that interval" in words


def test_no_outcome():
    words = describe_outcome(tabulate_trials([TRIALS[2]], [LOSS]))
    assert words == "No trial was trained to its end (1 failed)."


def test_settings_in_one_line():
    line = describe_settings({LOSS: "triplet", MARGIN: 1 / 3, "training.head.steps": 1})
    assert line == "network.loss triplet, triplet.margin 0.333, head.steps 1"
