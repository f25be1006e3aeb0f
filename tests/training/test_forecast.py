"""How long a training will take: said before it begins, and nothing is changed by it."""

import logging

import torch

from plankton_embedding.parameters import change_parameters
from plankton_embedding.training import forecast
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.labelled_images import SplitImages, select_images
from plankton_embedding.training.plan import plan_steps
from plankton_embedding.training.weights import initialise


def say(tiny, store, splits, network=None):
    images = SplitImages(*(select_images(store, splits, name) for name in ("train", "validation")))
    network = network or Embedder(tiny.embedder)
    plans = plan_steps(tiny.training)
    forecast.say_how_long(network, images, Compute(tiny.training), tiny.training, plans)


def test_a_long_training_names_the_laptop(tiny, store, splits, caplog, monkeypatch):
    monkeypatch.setattr(forecast, "_seconds_an_image", lambda *_: (0.1, 50.0))
    with caplog.at_level(logging.INFO):
        say(tiny, store, splits)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    # Four epochs of the network, two batches of nine images each: 72 images.
    # Evaluation: nine images after each of them, and 24 for the frozen features.
    assert "about 1:00:06 (0.0 images/s" in record.getMessage()
    assert "--env laptop" in record.getMessage()


def test_a_short_one_is_said_without_a_warning_and_nothing_has_changed(tiny, store, splits, caplog):
    network = Embedder(tiny.embedder)
    initialise(network, None)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with caplog.at_level(logging.INFO):
        say(tiny, store, splits, network)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "will take about 0:0" in caplog.text
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_what_trains_nothing_is_short(tiny, store, splits, caplog):
    options = change_parameters(
        tiny,
        {
            "training.head.start": "discriminants",
            "training.head.steps": 0,
            "training.network.steps": 0,
        },
    )
    with caplog.at_level(logging.INFO):
        say(options, store, splits)
    assert "about 0:00:0" in caplog.text
