"""Losses against naive loops and sums by hand."""

import itertools

import pytest
import torch

from plankton_embedding.parameters import TripletOptions
from plankton_embedding.training.losses import build_loss, drawn_triplets

LINE = torch.tensor([[0.0], [1.0], [1.5], [4.0]])
LABELS = torch.tensor([0, 0, 1, 1])


@pytest.fixture
def triplet_loss(tiny):
    def build(miner="all", margin=5.0, form="standard"):
        triplet = TripletOptions(form=form, margin=margin, miner=miner)
        options = tiny.training.losses.model_copy(update={"triplet": triplet})
        return build_loss("triplet", options, classes=2, embedding_size=1, origin=0.5)

    return build


def triplets(vectors, labels):
    for a, p, n in itertools.permutations(range(len(labels)), 3):
        if labels[a] == labels[p] != labels[n]:
            yield (vectors[a] - vectors[p]).square().sum(), (vectors[a] - vectors[n]).square().sum()


NAIVE = {
    "standard": lambda p, n: max(0.0, p - n + 0.4),
    "alternative": lambda p, n: p + max(0.0, 0.4 - n),
    "geometric": lambda p, n: p + 0.4 / n,
}


@pytest.mark.parametrize("form", NAIVE)
def test_all_triplets_are_the_naive_mean(triplet_loss, form):
    random = torch.Generator().manual_seed(0)
    vectors = torch.rand(12, 4, generator=random)
    labels = torch.arange(12) % 3
    naive = [NAIVE[form](float(p), float(n)) for p, n in triplets(vectors, labels)]
    loss = triplet_loss("all", 0.4, form)(vectors, labels).item()
    assert loss == pytest.approx(sum(naive) / len(naive), rel=1e-5)


@pytest.mark.parametrize("form", NAIVE)
def test_drawn_triplets_are_the_naive_mean_whatever_the_labels(triplet_loss, form):
    random = torch.Generator().manual_seed(0)
    anchor, positive, negative = torch.rand(3, 7, 4, generator=random)
    vectors = torch.cat([anchor, positive, negative])
    naive = [
        NAIVE[form](float((a - p).square().sum()), float((a - n).square().sum()))
        for a, p, n in zip(anchor, positive, negative, strict=True)
    ]
    drawn = drawn_triplets(7, vectors.device)
    loss = triplet_loss("semihard", 0.4, form)(vectors, torch.zeros(21), drawn).item()
    assert loss == pytest.approx(sum(naive) / 7, rel=1e-5)


def test_all_by_hand(triplet_loss):
    # Anchor, positive² and negative²: 0: 1, (2.25, 16); 1: 1, (0.25, 9); 1.5: 6.25, (2.25, 0.25);
    # 4: 6.25, (16, 9).
    by_hand = [3.75, 0, 5.75, 0, 9, 11, 0, 2.25]
    assert triplet_loss("all")(LINE, LABELS).item() == pytest.approx(sum(by_hand) / 8)


def test_semihard_takes_negatives_beyond_the_positive_and_within_the_margin(triplet_loss):
    # Of the triplets above: (1, 2.25) and (6.25, 9); (1, 9) and (6.25, 16) lie beyond the margin.
    loss = triplet_loss("semihard")(LINE, LABELS).item()
    assert loss == pytest.approx((3.75 + 2.25) / 2)


def test_batch_hard_takes_the_hardest_of_each_anchor(triplet_loss):
    loss = triplet_loss("batch_hard")(LINE, LABELS).item()
    assert loss == pytest.approx((3.75 + 5.75 + 11 + 2.25) / 4)


def test_a_batch_without_triplets_has_no_loss_and_no_gradient(triplet_loss):
    apart = torch.tensor([[0.0], [0.1], [100.0], [100.1]], requires_grad=True)
    loss = triplet_loss("semihard")(apart, LABELS)
    loss.backward()
    assert loss.item() == 0
    assert not apart.grad.any()


def test_an_image_as_its_own_positive_has_a_gradient_that_is_finite(triplet_loss):
    vectors = torch.tensor([[0.2], [0.2], [0.7]], requires_grad=True)
    loss = triplet_loss()(vectors, torch.tensor([0, 0, 1]), drawn_triplets(1, vectors.device))
    loss.backward()
    assert loss.item() == pytest.approx(5 - 0.25)
    assert vectors.grad.isfinite().all()


def test_proxy_softmax_falls_as_embeddings_turn_to_their_proxies(tiny):
    torch.manual_seed(0)
    loss = build_loss("proxy_softmax", tiny.training.losses, 3, 4, origin=0.5)
    (proxies,) = loss.parameters()
    directions = proxies.detach().T
    aligned = 0.5 + 0.4 * directions / directions.norm(dim=1, keepdim=True)
    labels = torch.arange(3)
    cosine = torch.nn.functional.cosine_similarity(aligned[:, None] - 0.5, directions[None], dim=2)
    expected = torch.nn.functional.cross_entropy(cosine / 0.1, labels).item()
    assert loss(aligned, labels).item() == pytest.approx(expected, rel=1e-4)
    assert loss(aligned, labels) < loss(aligned.roll(1, 0), labels)


ANGULAR = ["proxy_softmax", "multi_similarity", "supcon", "proxy_anchor", "arcface"]


@pytest.mark.parametrize("name", ANGULAR)
def test_losses_on_angles_tell_classes_apart_as_they_are_trained(tiny, name):
    """Two classes of four points, drawn into each other: a little descent tells them apart."""
    torch.manual_seed(0)
    loss = build_loss(name, tiny.training.losses, 2, 3, origin=0.5)
    labels = torch.arange(8) % 2
    vectors = torch.rand(8, 3, requires_grad=True)
    optimizer = torch.optim.Adam([vectors, *loss.parameters()], lr=0.05)
    before = loss(vectors, labels).item()
    for _ in range(300):
        optimizer.zero_grad()
        loss(vectors, labels).backward()
        optimizer.step()
    assert loss(vectors, labels).item() < before
    directions = torch.nn.functional.normalize(vectors.detach() - 0.5)
    similarity = directions @ directions.T
    same = labels[:, None] == labels
    assert similarity[same].mean() > similarity[~same].max()


@pytest.mark.parametrize("name", ANGULAR)
def test_losses_on_angles_are_measured_from_the_origin(tiny, name):
    torch.manual_seed(0)
    losses = [build_loss(name, tiny.training.losses, 2, 3, origin=origin) for origin in (0.5, 0.0)]
    losses[1].load_state_dict(losses[0].state_dict())
    vectors, labels = torch.rand(8, 3), torch.arange(8) % 2
    sigmoid, centred = losses[0](vectors, labels), losses[1](vectors - 0.5, labels)
    assert sigmoid.item() == pytest.approx(centred.item(), rel=1e-5)
