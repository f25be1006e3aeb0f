"""Losses against naive loops and sums by hand."""

import itertools

import pytest
import torch

from plankton_embedding.parameters import LossOptions
from plankton_embedding.training.losses import build_loss

LINE = torch.tensor([[0.0], [1.0], [1.5], [4.0]])
LABELS = torch.tensor([0, 0, 1, 1])


def loss_of(miner, margin=5.0):
    options = LossOptions(name="triplet", margin=margin, miner=miner, temperature=1.0)
    return build_loss(options, classes=2, embedding_size=1)


def triplets(vectors, labels):
    for a, p, n in itertools.permutations(range(len(labels)), 3):
        if labels[a] == labels[p] != labels[n]:
            yield (vectors[a] - vectors[p]).square().sum(), (vectors[a] - vectors[n]).square().sum()


def test_triplet_loss_of_all_triplets_is_the_naive_mean():
    random = torch.Generator().manual_seed(0)
    vectors = torch.rand(12, 4, generator=random)
    labels = torch.arange(12) % 3
    naive = [max(0.0, float(p - n) + 0.4) for p, n in triplets(vectors, labels)]
    assert 0 in naive
    assert loss_of("all", 0.4)(vectors, labels).item() == pytest.approx(sum(naive) / len(naive))


def test_all_by_hand():
    # Anchor, positive² and negative²: 0: 1, (2.25, 16); 1: 1, (0.25, 9); 1.5: 6.25, (2.25, 0.25);
    # 4: 6.25, (16, 9).
    by_hand = [3.75, 0, 5.75, 0, 9, 11, 0, 2.25]
    assert loss_of("all")(LINE, LABELS).item() == pytest.approx(sum(by_hand) / 8)


def test_semihard_takes_negatives_beyond_the_positive_and_within_the_margin():
    # Of the triplets above: (1, 2.25) and (6.25, 9); (1, 9) and (6.25, 16) lie beyond the margin.
    assert loss_of("semihard")(LINE, LABELS).item() == pytest.approx((3.75 + 2.25) / 2)


def test_batch_hard_takes_the_hardest_of_each_anchor():
    assert loss_of("batch_hard")(LINE, LABELS).item() == pytest.approx(
        (3.75 + 5.75 + 11 + 2.25) / 4
    )


def test_a_batch_without_triplets_has_no_loss_and_no_gradient():
    apart = torch.tensor([[0.0], [0.1], [100.0], [100.1]], requires_grad=True)
    loss = loss_of("semihard")(apart, LABELS)
    loss.backward()
    assert loss.item() == 0
    assert not apart.grad.any()


def test_proxy_softmax_falls_as_embeddings_turn_to_their_proxies():
    options = LossOptions(name="proxy_softmax", margin=1.0, miner="all", temperature=0.1)
    torch.manual_seed(0)
    loss = build_loss(options, classes=3, embedding_size=4)
    (proxies,) = loss.parameters()
    directions = proxies.detach().T
    aligned = 0.5 + 0.4 * directions / directions.norm(dim=1, keepdim=True)
    labels = torch.arange(3)
    cosine = torch.nn.functional.cosine_similarity(aligned[:, None] - 0.5, directions[None], dim=2)
    expected = torch.nn.functional.cross_entropy(cosine / 0.1, labels).item()
    assert loss(aligned, labels).item() == pytest.approx(expected, rel=1e-4)
    assert loss(aligned, labels) < loss(aligned.roll(1, 0), labels)
