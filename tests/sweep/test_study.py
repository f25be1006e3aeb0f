"""Studies on disk: what they draw, how they go on, and what they do not go on with."""

import optuna
import pytest

from plankton_embedding.sweep.study import ERROR, STEPS, Study, StudyError, is_interrupted
from tiny_project import tiny_values

LOSS = {"parameter": "training.network.loss", "values": ["triplet", "supcon", "arcface"]}
RATE = {"parameter": "training.network.learning_rate", "low": 1e-5, "high": 1e-1, "scale": "log"}
STEPS_OF_HEAD = {"parameter": "training.head.steps", "low": 0, "high": 4, "scale": "linear"}
MARGIN = {"parameter": "training.losses.triplet.margin", "low": 1, "high": 9.0, "scale": "linear"}


def make_values(**options):
    values = tiny_values("images")
    values["sweep"] |= {"trials": 8, "space": [LOSS, RATE, STEPS_OF_HEAD, MARGIN], "first": []}
    values["sweep"] |= options
    return values


@pytest.fixture
def place(tmp_path):
    return tmp_path / "studies" / "all.db"


def open_study(place, images="images 1", **options):
    return Study(place, make_values(**options), images)


def finish(study, trial, accuracy=0.5, status="complete"):
    step = {"step": 1, "stage": "network", "epochs": 1, "accuracy": accuracy}
    trial.set_user_attr(STEPS, [step])
    if status == "failed":
        trial.set_user_attr(ERROR, "DivergedError: nan")
    study.tell(trial, status)


def run_all(study, stop_after=None):
    drawn = []
    while len(drawn) != stop_after and (one := study.next_trial()):
        trial, settings = one
        finish(study, trial, accuracy=0.1 * len(str(settings)) % 1)
        drawn.append(settings)
    return drawn


def test_trials_take_values_of_the_space_that_act(place):
    drawn = run_all(open_study(place, fixed={"training.head.loss": "supcon"}))
    assert len(drawn) == 8
    for settings in drawn:
        assert settings["training.network.loss"] in LOSS["values"]
        assert 1e-5 <= settings["training.network.learning_rate"] <= 1e-1
        assert isinstance(settings["training.head.steps"], int)
        has_margin = "training.losses.triplet.margin" in settings
        assert has_margin == (settings["training.network.loss"] == "triplet")
    assert len({settings["training.network.loss"] for settings in drawn}) > 1


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_study_that_was_interrupted_draws_what_it_would_have_drawn(tmp_path, sampler):
    whole = run_all(open_study(tmp_path / "a.db", sampler=sampler))
    begun = run_all(open_study(tmp_path / "b.db", sampler=sampler), stop_after=3)
    rest = run_all(open_study(tmp_path / "b.db", sampler=sampler))
    assert begun + rest == whole


def test_another_seed_draws_others(tmp_path):
    values = make_values()
    values["seed"] = 4
    other = run_all(Study(tmp_path / "b.db", values, "images 1"))
    assert other != run_all(open_study(tmp_path / "a.db"))


def test_what_comes_first_comes_first_and_then_the_sampler(place):
    first = [{}, {"training.network.loss": "supcon"}]
    drawn = run_all(open_study(place, first=first, trials=4))
    assert drawn[0]["training.network.learning_rate"] == 1e-3
    assert [settings["training.network.loss"] for settings in drawn[:2]] == ["triplet", "supcon"]
    assert len(drawn) == 4


def test_a_finished_study_is_enlarged(place):
    assert len(run_all(open_study(place, trials=2))) == 2
    assert run_all(open_study(place, trials=2)) == []
    assert len(run_all(open_study(place, trials=5))) == 3


def test_a_grid_ends_when_all_was_tried(place):
    space = [LOSS, {"parameter": "training.head.steps", "values": [0, 1]}]
    drawn = run_all(open_study(place, sampler="grid", trials=20, space=space))
    assert len({str(settings) for settings in drawn}) == len(drawn) == 6


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_nothing_is_tried_twice(place, caplog, sampler):
    margin = {"parameter": "training.losses.triplet.margin", "values": [1.0, 9.0]}
    space = [LOSS, {"parameter": "training.head.steps", "values": [0, 1]}, margin]
    fixed = {"training.head.loss": "supcon"}
    options = {"sampler": sampler, "trials": 20, "space": space, "fixed": fixed}
    study = open_study(place, **options)
    drawn = run_all(study, stop_after=5)
    trial, settings = study.next_trial()
    finish(study, trial, status="failed")
    study.tell(study.next_trial()[0], "interrupted")
    drawn += [settings, *run_all(open_study(place, **options))]
    # The margin acts in triplets only.
    assert len({str(settings) for settings in drawn}) == len(drawn) == 8
    assert "ends after 8 trials" in caplog.text
    # What was drawn in vain is no trial.
    stored = optuna.load_study(study_name="tiny", storage=f"sqlite:///{place}").trials
    assert len(stored) == 9


@pytest.mark.parametrize("killed", [False, True])
def test_an_interrupted_trial_is_run_again(place, killed):
    study = open_study(place, trials=3)
    trial, settings = study.next_trial()
    if not killed:
        study.tell(trial, "interrupted")
    again = run_all(open_study(place, trials=3))
    assert again[0] == settings
    assert len(again) == 3
    # Once is enough.
    assert run_all(open_study(place, trials=3)) == []
    stored = optuna.load_study(study_name="tiny", storage=f"sqlite:///{place}").trials
    assert [is_interrupted(one) for one in stored] == [True, False, False, False]


def test_a_trial_that_failed_of_itself_is_not_run_again(place):
    study = open_study(place, trials=2)
    trial, settings = study.next_trial()
    finish(study, trial, status="failed")
    rest = run_all(open_study(place, trials=2))
    assert len(rest) == 1
    assert settings not in rest


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": "images 2"}, "other images"),
        ({"fixed": {"training.batches.classes": 2}}, "other sweep.fixed"),
        ({"space": [LOSS]}, "other sweep.space"),
    ],
)
def test_a_study_does_not_go_on_with_others(place, change, named):
    open_study(place)
    with pytest.raises(StudyError, match=named):
        open_study(place, **change)


def test_a_study_does_not_go_on_with_other_parameters(place):
    open_study(place)
    values = make_values()
    values["training"]["precision"] = "bf16"
    with pytest.raises(StudyError, match=r"other training:.*--params sweep.name=NAME"):
        Study(place, values, "images 1")


def test_studies_lie_beside_one_another(place):
    assert len(run_all(open_study(place, trials=1))) == 1
    assert len(run_all(open_study(place, trials=1, name="another"))) == 1


@pytest.mark.parametrize("rule", ["percentile", "successive_halving", "none"])
def test_a_trial_that_lags_behind_is_pruned(place, rule):
    pruning = {"rule": rule, "kept_share": 0.5, "after_epochs": 2, "after_trials": 2}
    study = open_study(place, pruning=pruning, trials=9)
    asked = []
    for accuracy in (0.8, 0.7, 0.9, 0.1):
        trial, _ = study.next_trial()
        answers = []
        for epoch in (1, 2, 4):
            trial.report(accuracy, epoch)
            answers.append(trial.should_prune())
        asked.append(answers)
        finish(study, trial, accuracy)
    assert asked[0] == asked[2] == [False, False, False]
    assert asked[3] == [False, rule != "none", rule != "none"]
