"""Figures of a study: every trial that was measured is there, and how it ended."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.sweep import tabulate_steps, tabulate_trials
from plankton_embedding.figures.sweep_accuracy import draw_sweep_accuracy
from plankton_embedding.figures.sweep_parameters import draw_sweep_parameters

LOSS, MARGIN, FROZEN = (
    "training.network.loss",
    "training.losses.triplet.margin",
    "training.head.steps",
)


def make_trials(count=6):
    ends = ["complete", "pruned", "failed", "complete", "running", "interrupted"]
    for number in range(count):
        steps = [
            {
                "step": step,
                "stage": "network",
                "epochs": 2 * step,
                "accuracy": 0.3 + 0.1 * step + 0.01 * number,
            }
            for step in range(1, 4)
        ]
        yield {
            "number": number,
            "status": ends[number % len(ends)],
            "settings": {
                LOSS: "triplet" if number % 2 else "supcon",
                FROZEN: number % 3,
                **({MARGIN: 0.2 * 1.3**number} if number % 2 else {}),
            },
            "steps": steps[: 1 if ends[number % len(ends)] == "pruned" else 3],
            "images": 326,
            "seconds": 60.0,
            "run_id": "x",
            "error": None,
        }


def tables(trials):
    trials = list(trials)
    return tabulate_trials(trials, [LOSS, MARGIN, FROZEN]), tabulate_steps(trials)


def texts(figure):
    figure.canvas.draw()
    axes = [text.get_text() for one in figure.axes for text in one.texts]
    legend = [text.get_text() for one in figure.legends for text in one.get_texts()]
    return axes, legend


def test_every_trial_ends_with_its_number():
    numbers, legend = texts(draw_sweep_accuracy(*tables(make_trials())))
    assert sorted(numbers) == [str(number) for number in range(6)]
    assert {"best, trial 3", "pruned", "failed", "still running"} <= set(legend)


def test_numbers_do_not_lie_on_one_another():
    trials = [trial | {"steps": trial["steps"][:1]} for trial in make_trials(12)]
    axes = draw_sweep_accuracy(*tables(trials)).axes[0]
    heights = sorted(text.xyann[1] for text in axes.texts)
    low, high = axes.get_ylim()
    assert len(heights) == 12
    assert np.diff(heights).min() >= 0.039 * (high - low)
    assert heights[-1] <= high
    # A line leads from each to its end.
    assert all(text.arrow_patch for text in axes.texts)


def test_numbers_with_room_around_them_stand_at_their_ends():
    trials = list(make_trials(4))
    trials[2]["steps"][-1]["accuracy"] = 0.2
    found = draw_sweep_accuracy(*tables(trials)).axes[0].texts
    alone = next(text for text in found if text.get_text() == "2")
    assert alone.xyann[1] == alone.xy[1] == 0.2


def test_numbers_give_way_upwards_and_downwards_alike():
    trials = list(make_trials(4))
    trials[2]["steps"][-1]["accuracy"] = 0.2
    trials[1]["steps"] = trials[0]["steps"][:2]
    trials[3]["steps"][-1]["accuracy"] = 0.605
    found = [one for one in draw_sweep_accuracy(*tables(trials)).axes[0].texts if one.xy[1] > 0.55]
    moved = sorted(one.xyann[1] - one.xy[1] for one in found)
    assert len(found) == 2
    assert moved[0] == pytest.approx(-moved[1])
    assert moved[1] > 0


def test_trials_that_end_alike_share_a_place():
    trials = [trial | {"status": "complete"} for trial in make_trials(4)]
    trials[2]["steps"] = trials[1]["steps"]
    numbers, _ = texts(draw_sweep_accuracy(*tables(trials)))
    assert sorted(numbers) == ["0", "1, 2", "3"]


def test_the_interval_of_the_best_is_told():
    trials, steps = tables(make_trials())
    title = draw_sweep_accuracy(trials, steps).axes[0].get_title(loc="left")
    low, high = (100 * trials.loc[3, bound] for bound in ("low", "high"))
    assert title == (
        f"Best: trial 3, right on 63.0 % ({low:.1f} to {high:.1f}) of 326 validation images"
    )


def test_each_parameter_has_a_panel_of_the_trials_that_it_acts_in():
    trials, _ = tables(make_trials())
    figure = draw_sweep_parameters(trials)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["network.loss", "triplet.margin", "head.steps"]
    points = [sum(len(line.get_xdata()) == 1 for line in axes.lines) for axes in figure.axes]
    assert points == [6, 3, 6]


def test_words_name_places_and_wide_ranges_are_logarithmic():
    figure = draw_sweep_parameters(tables(make_trials(20))[0])
    figure.canvas.draw()
    loss, margin, frozen = figure.axes
    assert [label.get_text() for label in loss.get_xticklabels()] == ["supcon", "triplet"]
    assert margin.get_xscale() == "log"
    assert [label.get_text() for label in frozen.get_xticklabels()] == ["0", "1", "2"]


def test_intervals_of_equal_values_stand_beside_one_another():
    trials = list(make_trials(20))
    for number in (1, 3, 5):
        trials[number]["settings"][MARGIN] = 0.1
    margin = draw_sweep_parameters(tables(trials)[0]).axes[1]
    assert margin.get_xscale() == "log"
    places = sorted(line.get_xdata()[0] for line in margin.lines)
    assert places[1] == pytest.approx(0.1)
    assert 0.07 < places[0] < 0.095
    assert 0.105 < places[2] < 0.14 < places[3]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 2), (5, 2), (7, 3)])
def test_no_panel_stands_alone_in_a_row_that_others_could_share(count, rows):
    names = [f"training.network.{letter}" for letter in "abcdefg"[:count]]
    trials = [trial | {"settings": dict.fromkeys(names, 1)} for trial in make_trials(3)]
    grid = draw_sweep_parameters(tabulate_trials(trials, names)).axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == (rows, -(-count // rows))


@pytest.mark.parametrize("count", [0, 1, 30])
def test_any_number_of_trials_can_be_drawn(count):
    trials, steps = tables(make_trials(count))
    texts(draw_sweep_accuracy(trials, steps))
    texts(draw_sweep_parameters(trials))


def test_trials_of_which_none_was_measured():
    trials, steps = tables(trial | {"steps": [], "images": None} for trial in make_trials(3))
    words, _ = texts(draw_sweep_accuracy(trials, steps))
    assert words == ["no trial was trained for a step"]
    words, _ = texts(draw_sweep_parameters(trials))
    assert set(words) == {"no trial that was measured has it"}


def test_tables_that_were_saved_are_drawn_alike(tmp_path):
    trials, steps = tables(make_trials())
    for name, table in {"trials": trials, "steps": steps}.items():
        table.to_csv(tmp_path / name, index=False)
    read = [
        pd.read_csv(tmp_path / name, keep_default_na=False, na_values=[""])
        for name in ("trials", "steps")
    ]
    assert texts(draw_sweep_accuracy(*read)) == texts(draw_sweep_accuracy(trials, steps))
    texts(draw_sweep_parameters(read[0]))
