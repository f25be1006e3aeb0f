"""The head in closed form: step 0 of a training."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.parameters import change_parameters
from plankton_embedding.training.closed_form import compute_frozen_features, solve_head
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.frozen import embed_frozen
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import SplitImages, select_images
from plankton_embedding.training.losses import build_loss
from plankton_embedding.training.plan import plan_steps
from plankton_embedding.training.session import train_in_steps
from plankton_embedding.training.stage import begin_stage
from plankton_embedding.training.stage_inputs import StageInputs
from plankton_embedding.training.weights import initialise

NOTHING_TRAINED = {f"training.{stage}.steps": 0 for stage in ("head", "warm_up", "network")}


@pytest.fixture(scope="module")
def solved(tiny):
    """Return parameters of a training that begins with discriminants."""
    return change_parameters(
        tiny,
        {
            "training.head.start": "discriminants",
            "embedder.activation": "unit",
            "training.losses.triplet.margin": 0.3,
        },
    )


@pytest.fixture(scope="module")
def steps(solved, store, splits):
    return list(train_in_steps(store, splits, solved.embedder, solved.training, solved.seed))


class Done:
    """The checkpoints of a training in memory."""

    def __init__(self, steps):
        self._by_step = {step.checkpoint.card.step: step.checkpoint for step in steps}
        self.steps = list(self._by_step)

    def card(self, step):
        return self._by_step[step].card

    def weights(self, step):
        return self._by_step[step].weights


def test_the_closed_form_is_step_0(steps, solved, store, splits):
    cards = [step.checkpoint.card for step in steps]
    assert [card.step for card in cards] == [0, 1, 2, 3]
    assert [card.stage for card in cards] == ["closed_form", "head", "network", "network"]
    history = pd.concat([step.history for step in steps])
    assert history["epoch"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert history["train_loss"].isna().tolist() == [True] + [False] * 6
    # The backbone is as it began.
    torch.manual_seed(solved.seed)
    fresh = Embedder(solved.embedder)
    initialise(fresh, None)
    weights = steps[0].checkpoint.weights
    assert all(
        torch.equal(weights[f"backbone.{n}"], v) for n, v in fresh.backbone.state_dict().items()
    )


def test_embeddings_have_length_1_and_units_without_a_discriminant_are_0(steps):
    vectors = embedding_matrix(steps[0].embeddings)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    # Three classes: two discriminants.
    assert (np.abs(vectors[:, :2]).max(axis=0) > 0.1).all()
    assert not vectors[:, 2:].any()


def test_two_classes_are_more_than_two_points(solved, store, splits):
    options = change_parameters(solved, {"training.head.least_directions": 4} | NOTHING_TRAINED)
    two = splits[splits["class_name"] != "disc"]
    (step,) = train_in_steps(store, two, options.embedder, options.training, solved.seed)
    vectors = embedding_matrix(step.embeddings)
    assert (np.abs(vectors).max(axis=0) > 1e-3).tolist() == [True] * 4 + [False] * 4
    assert len(np.unique(vectors.round(4), axis=0)) == len(vectors)


@pytest.mark.parametrize("activation", ["none", "sigmoid"])
def test_the_nearest_centroid_is_linear_discriminant_analysis(solved, store, splits, activation):
    changes = {"embedder.activation": activation, "training.head.shrinkage": 0.5} | NOTHING_TRAINED
    options = change_parameters(solved, changes)
    (step,) = train_in_steps(store, splits, options.embedder, options.training, 3)
    network = Embedder(options.embedder).eval()
    network.load_state_dict(step.checkpoint.weights)
    train, test = (select_images(store, splits, name) for name in ("train", "test"))
    compute = Compute(options.training)
    features = [map_images(network.features, each, compute, 8).numpy() for each in (train, test)]
    vectors = [map_images(network, each, compute, 8).numpy() for each in (train, test)]
    labels = train.table["class_name"].to_numpy(dtype=str)
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5, priors=[1 / 3] * 3)
    expected = peer.fit(features[0].astype(float), labels).predict(features[1])
    found, _ = classify(vectors[1], fit_centroids(vectors[0], labels))
    assert (found == expected).all()


def test_nothing_but_the_closed_form(solved, store, splits):
    options = change_parameters(solved, NOTHING_TRAINED)
    (step,) = train_in_steps(store, splits, options.embedder, options.training, solved.seed)
    assert sorted(step.embeddings["split"].unique()) == ["test", "validation"]
    assert step.embeddings["step"].unique().tolist() == [0]


def test_proxies_begin_at_the_class_means(solved, store, splits):
    options = change_parameters(
        solved,
        {
            "training.head.steps": 0,
            "training.warm_up.steps": 1,
            "training.warm_up.backbone_rate": 0.1,
        },
    )
    network = Embedder(options.embedder)
    initialise(network, None)
    images = SplitImages(*(select_images(store, splits, name) for name in ("train", "validation")))
    compute = Compute(options.training)
    plan = plan_steps(options.training)[1]
    stage = begin_stage(network, StageInputs(images, compute, options.training), plan)
    vectors = map_images(network.eval(), images.train, compute, 8)
    means = torch.stack([vectors[images.train.labels == label].mean(0) for label in range(3)])
    torch.testing.assert_close(stage.loss.loss.W.detach(), means.T)
    # The backbone learns at its own rate.
    shares = [group["share"] for group in stage.optimizer.param_groups]
    counts = [len(group["params"]) for group in stage.optimizer.param_groups]
    assert shares == [1, 0.1]
    assert counts == [3, len(list(network.backbone.parameters()))]


def test_the_head_is_solved_again_after_the_last_step(solved, store, splits):
    options = change_parameters(
        solved,
        {
            "training.head.refit": True,
            "training.head.steps": 0,
            "training.network.frozen_blocks": 5,
        },
    )
    steps = list(train_in_steps(store, splits, options.embedder, options.training, solved.seed))
    assert [step.checkpoint.card.stage for step in steps] == [
        "closed_form",
        "network",
        "network",
        "closed_form",
    ]
    assert steps[-1].history["epoch"].tolist() == [4]
    first, _, trained, refitted = (step.checkpoint.weights for step in steps)
    kept = [name for name in trained if torch.equal(trained[name], refitted[name])]
    assert sorted(set(trained) - set(kept)) == ["head.1.bias", "head.1.weight"]
    # Five blocks of Inception-v3 did not learn, and all others did.
    weights = [name for name in trained if name.endswith("conv.weight")]
    same = [name for name in weights if torch.equal(trained[name], first[name])]
    assert same == weights[:5]
    # It is the closed form of what the network has become.
    images = SplitImages(*(select_images(store, splits, name) for name in ("train", "validation")))
    network = Embedder(options.embedder)
    network.load_state_dict(trained)
    features = compute_frozen_features(network, images, Compute(options.training), 8)
    before = network.head(features.train).detach()
    solve_head(network, features, images, options.training.head)
    solved = network.head(features.train).detach()
    network.load_state_dict(refitted)
    kept = network.head(features.train).detach()
    # Turned towards what it was, so that it moves less; no distance is another.
    torch.testing.assert_close(torch.cdist(kept, kept), torch.cdist(solved, solved))
    assert (kept - before).norm() < (solved - before).norm()


def test_label_smoothing_spreads_the_truth(tiny):
    losses = tiny.training.losses
    for share in (0.0, 0.3):
        options = losses.proxy_softmax.model_copy(update={"label_smoothing": share})
        loss = build_loss(
            "proxy_softmax", losses.model_copy(update={"proxy_softmax": options}), 2, 2, 0.0
        )
        loss.loss.W.data = torch.eye(2)
        logits = torch.tensor([1.0, 0.0]) / options.temperature
        expected = -(torch.tensor([1 - share / 2, share / 2]) * logits.log_softmax(0)).sum()
        found = loss(torch.tensor([[2.0, 0.0]]), torch.tensor([0]))
        assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_baselines_are_those_of_step_0(steps, solved, tiny, store, splits):
    features, closed_form = embed_frozen(
        store, splits, solved.embedder, solved.training, solved.seed, Done(steps)
    )
    mine = closed_form.query("split == 'validation'").reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, steps[0].embeddings, atol=1e-5, check_dtype=False)
    assert features.filter(regex=r"^e\d").shape == (15, 2048)
    assert set(features["split"]) == {"validation", "test"}


def test_baselines_of_a_random_start_are_solved_for_themselves(trained, tiny, store, splits, steps):
    _, closed_form = embed_frozen(
        store, splits, tiny.embedder, tiny.training, tiny.seed, Done(trained)
    )
    of_step_0 = steps[0].embeddings["e00"]
    # The same features and labels; the sigmoid's range instead of the sphere.
    mine = closed_form.query("split == 'validation'")["e00"]
    assert np.corrcoef(mine, of_step_0)[0, 1] > 0.8
    assert mine.between(0, 1).all()


def test_a_training_goes_on_after_the_closed_form(steps, solved, store, splits):
    class Earlier:
        version, is_finished, steps, checkpoints = "v", False, [0], None

        def tables(self, step):
            return steps[0].history, steps[0].metrics, steps[0].embeddings

    class Kept(Done):
        def kept(self, step, continues=None):
            return self._by_step[step]

    earlier = Earlier()
    earlier.checkpoints = Kept(steps)
    again = list(
        train_in_steps(store, splits, solved.embedder, solved.training, solved.seed, [earlier])
    )
    assert [step.checkpoint.card.step for step in again] == [0, 1, 2, 3]
    assert again[-1].checkpoint.card.continues == "v, step 0"
    last, repeated = steps[-1].checkpoint.weights, again[-1].checkpoint.weights
    assert all(torch.equal(value, repeated[name]) for name, value in last.items())
