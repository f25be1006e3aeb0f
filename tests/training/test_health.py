"""What is said of a training that is not well."""

import pytest

from plankton_embedding.parameters import TripletOptions
from plankton_embedding.training.health import health_warnings

TRIPLET = TripletOptions(form="standard", margin=5, miner="semihard")
WELL = {
    "loss": "triplet",
    "train_loss": 1.2,
    "active_triplets": 0.4,
    "embedding_variance": 0.05,
    "effective_rank": 20.0,
    "radius_to_separation": 0.4,
    "gradient_norm": 2.0,
}


def test_a_training_that_is_well_is_not_warned_about():
    assert health_warnings(WELL, TRIPLET) == {}


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"embedding_variance": 1e-9}, "collapse", "collapsed"),
        ({"effective_rank": 1.0}, "collapse", "collapsed"),
        ({"active_triplets": 0.0, "train_loss": 0.0}, "no active triplets", "the loss is 0"),
        ({"train_loss": 4.97}, "at the margin", "stays at the margin"),
        ({"gradient_norm": 0.0}, "no gradient", "no weight changes"),
        ({"gradient_norm": 1e5}, "large gradient", "lower the learning rate"),
        (
            {"radius_to_separation": 1.5, "active_triplets": 0.05},
            "wide classes",
            "learns its training images by heart",
        ),
    ],
)
def test_trouble_is_named(changes, kind, words):
    found = health_warnings(WELL | changes, TRIPLET)
    assert list(found) == [kind]
    assert words in found[kind]


def test_other_losses_have_no_margin_and_need_no_triplets():
    row = WELL | {"loss": "supcon", "train_loss": 5.0, "active_triplets": 0.0}
    assert health_warnings(row, TRIPLET) == {}


def test_the_geometric_form_is_neither_0_nor_at_the_margin():
    row = WELL | {"train_loss": 5.0, "active_triplets": 0.0}
    assert health_warnings(row, TRIPLET.model_copy(update={"form": "geometric"})) == {}
