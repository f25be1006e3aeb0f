"""Two processes: their gradients are averaged, so that one step is that of both batches."""

import pytest
import torch

from plankton_embedding.training.batches import build_sampler
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.losses import build_loss
from plankton_embedding.training.session import train_in_steps
from plankton_embedding.training.weights import initialise


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["auto", "ddp_find_unused_parameters_true"])
def test_a_step_of_two_processes_is_one_on_the_mean_of_their_gradients(
    tiny, store, splits, strategy
):
    embedder = tiny.embedder.model_copy(update={"dropout": 0.0})
    values = tiny.training.model_dump()
    values |= {"devices": 2, "strategy": strategy}
    values["head"]["epochs_per_step"] = 1
    values["network"]["steps"] = 0
    training = type(tiny.training).model_validate(values)
    (step,) = train_in_steps(store, splits, embedder, training, tiny.seed)

    torch.manual_seed(tiny.seed)
    network = Embedder(embedder)
    initialise(network, None)
    images = select_images(store, splits, "train")
    features = map_images(network.eval().features, images, Compute(tiny.training), 8)
    loss = build_loss("triplet", training.losses, 3, 8, 0.5)
    optimizer = torch.optim.Adam(network.head.parameters(), lr=training.head.learning_rate)
    # One batch for each process.
    sampler = build_sampler(images.labels, training.batches, 2, tiny.seed)
    for rows in sampler.epoch(1):
        labels = torch.from_numpy(images.labels[rows])
        (loss(network.head(features[rows]), labels) / 2).backward()
    optimizer.step()

    for name, value in network.head.state_dict().items():
        trained = step.checkpoint.weights[f"head.{name}"]
        # Adam's first step is of the sign of the gradient: where that is next to nothing, noise.
        close = torch.isclose(trained, value, atol=1e-5)
        assert close.float().mean() > 0.99, name
