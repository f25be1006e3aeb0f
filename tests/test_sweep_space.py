"""The space of a sweep: what is refused, what acts, and what a grid holds."""

import copy

import pytest

from plankton_embedding.parameters import ParameterError, Parameters, SweepOptions
from plankton_embedding.parameters.dotted import with_settings
from plankton_embedding.parameters.sweep_space import (
    acts,
    check_space,
    drawn_in_order,
    first_settings,
    grid,
)
from tiny_project import tiny_values

LOSS = {"parameter": "training.network.loss", "values": ["triplet", "supcon"]}
MARGIN = {"parameter": "training.losses.triplet.margin", "values": [1.0, 5.0]}


def study(**options):
    values = tiny_values("images")
    values["sweep"] |= {"space": [LOSS], **options}
    return values, SweepOptions.model_validate(values["sweep"])


def refused(**options):
    with pytest.raises(ParameterError) as caught:
        check_space(*study(**options))
    return str(caught.value)


def test_a_space_of_legal_values_is_taken():
    check_space(*study(space=[LOSS, MARGIN], fixed={"training.head.steps": 2}))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"parameter": "training.network.los", "values": ["a", "b"]},
            "training.network.los: there",
        ),
        ({"parameter": "training.nothing.at.all", "values": [1, 2]}, "training.nothing: there is"),
        ({"parameter": "training.network.loss", "values": ["triplet", "hinge"]}, "'hinge'"),
        (
            {"parameter": "embedder.dropout", "low": 0.1, "high": 1.5, "scale": "linear"},
            "embedder.dropout: should be less than 1, not 1.5",
        ),
        ({"parameter": "preprocess.image_size", "values": [80, 96]}, "does not act in training"),
        ({"parameter": "training.resume_from", "values": ["auto", "never"]}, "from its beginning"),
        ({"parameter": "seed.x", "values": [1, 2]}, "seed: "),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(entry, words):
    assert words in refused(space=[entry], first=[])


def test_all_that_is_wrong_is_told_at_once():
    message = refused(
        space=[
            {"parameter": "training.network.loss", "values": ["hinge", "ratio"]},
            {"parameter": "training.head.steps", "values": [-1, 1]},
        ],
        first=[],
    )
    assert "'hinge'" in message
    assert "'ratio'" in message
    assert "training.head.steps" in message


def test_fixed_parameters_are_checked_too():
    assert "sweep.fixed: training.head.step: there is no" in refused(
        fixed={"training.head.step": 1}
    )
    assert "sweep.fixed: split.unseen" in refused(fixed={"split.unseen": 1})


def test_fixed_parameters_of_the_command_line_go_before_those_of_conf():
    # Which are nested, in no order that Kedro promises.
    nested = {"training": {"head": {"steps": 3}}, "training.head.steps": 2}
    assert study(fixed=nested)[1].fixed == {"training.head.steps": 3}


def test_what_comes_first_lies_in_the_space():
    assert "is not a parameter of sweep.space" in refused(first=[{"training.head.steps": 1}])
    assert "'arcface'" in refused(first=[{"training.network.loss": "arcface"}])


def test_conf_itself_comes_first_only_if_the_space_holds_it():
    entry = {"parameter": "training.network.loss", "values": ["supcon", "arcface"]}
    assert "training.network.loss would be 'triplet'" in refused(space=[entry], first=[{}])


@pytest.mark.parametrize(
    "options",
    [
        {"space": []},
        {"space": [{"parameter": "seed", "values": [1]}]},
        {"space": [{"parameter": "seed", "low": 2, "high": 1, "scale": "linear"}]},
        {"space": [{"parameter": "seed", "low": 0, "high": 1, "scale": "log"}]},
        {"space": [LOSS, LOSS]},
        {"fixed": {"training.network.loss": "triplet"}},
        {"sampler": "grid", "space": [{"parameter": "seed", "low": 1, "high": 2, "scale": "log"}]},
        {"trials": 0},
        {"sampler": "best"},
    ],
)
def test_a_study_that_cannot_be_drawn_is_refused(options):
    with pytest.raises(ValueError, match="validation error"):
        study(**options)


def test_settings_change_a_copy():
    values = tiny_values("images")
    before = copy.deepcopy(values)
    changed = with_settings(values, {"training.network.loss": "supcon"})
    assert values == before
    assert changed["training"]["network"]["loss"] == "supcon"
    assert changed["training"]["network"]["steps"] == values["training"]["network"]["steps"]


def test_what_no_stage_uses_does_not_act():
    values = tiny_values("images")
    parameters = Parameters.model_validate(values)
    assert acts("training.losses.triplet.margin", parameters)
    assert not acts("training.losses.supcon.temperature", parameters)
    # Its stage has no steps, which are what would bring it to life.
    assert not acts("training.losses.proxy_softmax.temperature", parameters)
    assert not acts("training.warm_up.learning_rate", parameters)
    assert acts("training.warm_up.steps", parameters)
    assert acts("seed", parameters)
    assert acts("training.batches.classes", parameters)


def test_what_makes_others_act_is_drawn_before_them():
    steps = {"parameter": "training.head.steps", "values": [0, 1]}
    _, options = study(space=[MARGIN, LOSS, steps])
    order = [entry.parameter for entry in drawn_in_order(options)]
    assert order == ["training.head.steps", "training.network.loss", MARGIN["parameter"]]


def test_a_grid_holds_no_training_twice():
    values, options = study(
        space=[LOSS, MARGIN], sampler="grid", fixed={"training.head.loss": "supcon"}
    )
    assert grid(values, options) == [
        {"training.network.loss": "triplet", "training.losses.triplet.margin": 1.0},
        {"training.network.loss": "triplet", "training.losses.triplet.margin": 5.0},
        {"training.network.loss": "supcon"},
    ]


def test_what_comes_first_differs_from_conf_as_it_says():
    values, options = study(space=[LOSS, MARGIN], first=[{}, {"training.network.loss": "supcon"}])
    as_conf = {"training.network.loss": "triplet", "training.losses.triplet.margin": 5.0}
    assert first_settings(values, options) == [
        as_conf,
        {**as_conf, "training.network.loss": "supcon"},
    ]
