"""Parameters: what lies in conf/ is right, and what is wrong is named."""

import pytest
import yaml

from plankton_embedding.parameters import ParameterError, validate_parameters
from tiny_project import ROOT, tiny_values


@pytest.fixture
def values(tmp_path):
    return tiny_values(tmp_path)


def put(values, name, value):
    *path, last = name.split(".")
    for part in path:
        values = values[part]
    values[last] = value


def test_right_parameters(values):
    parameters = validate_parameters(values)
    assert parameters.split.test_per_class == 2
    assert parameters.training.network.loss == "triplet"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("training.head.epochs_per_step", -5, "greater than or equal to 1, not -5"),
        ("training.head.steps", 1.5, "valid integer"),
        ("training.head.learning_rate", 0, "greater than 0, not 0"),
        ("training.head.learning_rate", float("nan"), "finite"),
        ("training.network.loss", "tripled", "'proxy_anchor' or 'arcface', not 'tripled'"),
        ("training.losses.triplet.form", "cubic", "'geometric', not 'cubic'"),
        ("training.resume_from", 0, "greater than or equal to 1"),
        ("training.device_cache_fraction", 1.5, "less than or equal to 1"),
        ("training.devices", 0, "greater than or equal to 1"),
        ("training.augmentation.rotation", 181, "less than or equal to 180"),
        ("training.batches.sampler", "random", "'difficulty_weighted', not 'random'"),
        ("training.device", "gpu", "'auto', 'cpu' or 'cuda', not 'gpu'"),
        ("training.batches.batches_per_epoch", "some", "'auto'"),
        ("training.batches.classes", 1, "greater than or equal to 2"),
        ("split.validation_per_class", 2.5, "a whole number or a fraction below 1"),
        ("split.validation_per_class", "many", "valid number"),
        ("preprocess.image_size", 74, "greater than or equal to 75"),
        ("parallel.workers", 0, "-1 (one a core) or at least 1"),
        ("embedder.dropout", 1, "less than 1"),
        ("seed", -1, "greater than or equal to 0"),
    ],
)
def test_impossible_values(values, name, value, reason):
    put(values, name, value)
    with pytest.raises(ParameterError) as error:
        validate_parameters(values)
    message = str(error.value)
    # A rule of a whole block is told under the block's name.
    assert name in message or name.rpartition(".")[2] in message
    assert reason in message


@pytest.mark.parametrize("name", ["epochs", "training.epochs", "training.losses.triplet.alpha"])
def test_unknown_parameters(values, name):
    put(values, name, 1)
    with pytest.raises(ParameterError, match=f"{name}: there is no such parameter"):
        validate_parameters(values)


def test_missing_parameters(values):
    del values["training"]["losses"]["triplet"]["margin"]
    with pytest.raises(ParameterError, match=r"training\.losses\.triplet\.margin: is missing"):
        validate_parameters(values)


def test_all_mistakes_are_told_at_once(values):
    put(values, "seed", "x")
    put(values, "training.device", "gpu")
    with pytest.raises(ParameterError, match=r"seed: .*\n.*training\.device: "):
        validate_parameters(values)


def test_splits_must_leave_something_to_train_on(values):
    put(values, "split.validation_per_class", 0.5)
    put(values, "split.test_per_class", 0.5)
    with pytest.raises(ParameterError, match="leave nothing to train on"):
        validate_parameters(values)


def test_some_step_must_train(values):
    put(values, "training.head.steps", 0)
    put(values, "training.network.steps", 0)
    with pytest.raises(ParameterError, match="nothing would be trained"):
        validate_parameters(values)


def test_the_defaults_are_the_protocol_of_the_reference():
    values = {"images": "x"}
    for path in (ROOT / "conf" / "base" / "parameters").glob("*.yml"):
        values |= yaml.safe_load(path.read_text())
    parameters = validate_parameters({**values, "images": "x"})
    training = parameters.training
    assert (training.head.steps, training.head.epochs_per_step) == (1, 5)
    assert (training.head.learning_rate, training.network.learning_rate) == (1e-3, 1e-5)
    assert training.warm_up.steps == 0
    assert training.network.learning_rate_decay == 0.9
    assert parameters.split.validation_per_class == parameters.split.test_per_class == 100
    assert (parameters.embedder.embedding_size, parameters.embedder.dropout) == (64, 0.3)
    assert parameters.preprocess.image_size == 299
