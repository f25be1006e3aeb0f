"""Parameters: what lies in conf/ is right, and what is wrong is named."""

import pytest
from kedro.config import OmegaConfigLoader

from plankton_embedding.parameters import ParameterError, change_parameters, validate_parameters
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
        ("training.resume_from", -1, "greater than or equal to 0"),
        ("training.device_cache_fraction", 1.5, "less than or equal to 1"),
        ("training.devices", 0, "greater than or equal to 1"),
        ("training.augmentation.rotation", 181, "less than or equal to 180"),
        ("training.batches.sampler", "random", "'difficulty_weighted', not 'random'"),
        ("training.device", "gpu", "'auto', 'cpu' or 'cuda', not 'gpu'"),
        ("training.batches.batches_per_epoch", "some", "'auto'"),
        ("training.batches.classes", 1, "greater than or equal to 2"),
        ("split.validation_per_class", 2.5, "a whole number or a fraction below 1"),
        ("split.validation_per_class", "many", "valid number"),
        ("split.unseen_classes", -1, "greater than or equal to 0, not -1"),
        (
            "split.unseen_classes",
            "Calanus",
            "should be a valid list, not 'Calanus' or should be a valid integer",
        ),
        ("split.unseen_classes", ["Calanus", 7], "valid string, not 7"),
        ("preprocess.image_size", 31, "greater than or equal to 32"),
        ("engine.workers", 0, "-1 (one a core) or at least 1"),
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


@pytest.mark.parametrize("value", [[], 0, 5, ["Calanus", "007"]])
def test_unseen_classes_are_names_or_a_count(values, value):
    put(values, "split.unseen_classes", value)
    assert validate_parameters(values).split.unseen_classes == value


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


def of_environment(name):
    """Return the parameters as `kedro run --env NAME` sees them."""
    loader = OmegaConfigLoader(
        str(ROOT / "conf"),
        env=name,
        base_env="base",
        default_run_env="base",
        merge_strategy={"parameters": "soft"},
    )
    return validate_parameters(loader["parameters"])


@pytest.mark.parametrize("name", ["base", "sample", "scratch", "reference"])
def test_every_environment_is_valid(name):
    assert of_environment(name).training.network.steps > 0


def test_the_reference_environment_is_its_protocol_number_for_number():
    parameters = of_environment("reference")
    training = parameters.training
    epochs = [stage.steps * stage.epochs_per_step for stage in (training.head, training.network)]
    assert (epochs, training.warm_up.steps) == ([5, 95], 0)
    assert (training.head.loss, training.network.loss) == ("triplet", "triplet")
    assert (training.head.learning_rate, training.network.learning_rate) == (1e-3, 1e-5)
    assert training.network.learning_rate_decay == 0.9
    assert training.head.schedule == training.network.schedule == "constant"
    triplet = training.losses.triplet
    assert (triplet.form, triplet.margin) == ("standard", 5)
    batches = training.batches
    assert (batches.sampler, batches.triplets, batches.batches_per_epoch) == (
        "random_triplets",
        20,
        600,
    )
    assert batches.anchor_may_be_positive
    assert batches.validation_batches == 100
    assert set(training.augmentation.model_dump().values()) == {False}
    assert parameters.split.validation_per_class == parameters.split.test_per_class == 100
    embedder = parameters.embedder
    assert (embedder.embedding_size, embedder.activation) == (64, "sigmoid")
    assert (embedder.input_channels, embedder.weights) == ("reference", "imagenet")
    assert (parameters.preprocess.image_size, parameters.preprocess.background) == (299, "white")


def test_the_defaults_never_draw_an_image_as_its_own_positive():
    assert not of_environment("base").training.batches.anchor_may_be_positive


def test_parameters_are_changed_by_their_dotted_names(tiny):
    changed = change_parameters(tiny, {"training.network.steps": 7, "seed": 4})
    assert (changed.training.network.steps, changed.seed) == (7, 4)
    assert changed.training.head == tiny.training.head
    with pytest.raises(ParameterError, match=r"training\.network\.stpes"):
        change_parameters(tiny, {"training.network.stpes": 7})


def test_a_margin_that_unit_embeddings_cannot_keep(values):
    put(values, "embedder.activation", "unit")
    with pytest.raises(
        ParameterError, match=r"\n  training\.losses\.triplet\.margin is 5, .*at most 4: choose"
    ):
        validate_parameters(values)
    put(values, "training.losses.triplet.margin", 0.3)
    validate_parameters(values)


def test_discriminants_alone_are_a_training_and_a_random_head_alone_is_none(values):
    for stage in ("head", "warm_up", "network"):
        put(values, f"training.{stage}.steps", 0)
    with pytest.raises(ParameterError, match=r"start is random: nothing would be trained"):
        validate_parameters(values)
    put(values, "training.head.start", "discriminants")
    validate_parameters(values)
    put(values, "training.head.refit", True)
    validate_parameters(values)
    put(values, "training.head.start", "random")
    put(values, "training.head.steps", 1)
    with pytest.raises(ParameterError, match=r"set head\.start to discriminants"):
        validate_parameters(values)
