"""Training losses on embeddings in float32; by pytorch-metric-learning where it has them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from pytorch_metric_learning import losses
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.utils.loss_and_miner_utils import get_all_triplets_indices
from torch import Tensor, nn

from plankton_embedding.parameters import LossesOptions, ProxySoftmaxOptions, TripletOptions

# Places in a batch of the anchors, positives and negatives of triplets.
Triplets = tuple[Tensor, Tensor, Tensor]

TRIPLET = "triplet"

# Two images at the same place would make the geometric form infinite.
_LEAST_DISTANCE = 1e-6


def build_loss(
    name: str, options: LossesOptions, classes: int, embedding_size: int, origin: float
) -> nn.Module:
    """Build the loss that a stage names.

    Parameters
    ----------
    name
        One of the fields of `LossesOptions`.
    options
        The options of all losses.
    classes, embedding_size
        For losses with a proxy a class.
    origin
        The middle of the embeddings' range, which losses on angles measure from.

    Returns
    -------
    module
        Maps float32 embeddings, n x embedding_size, class numbers, n, and perhaps `Triplets` to
        a scalar.
    """
    if name == TRIPLET:
        return TripletLoss(options.triplet)
    size = (classes, embedding_size)
    builders: dict[str, Callable[[], nn.Module]] = {
        "proxy_softmax": lambda: _proxy_softmax(size, options.proxy_softmax),
        "multi_similarity": lambda: losses.MultiSimilarityLoss(
            **options.multi_similarity.model_dump()
        ),
        # Khosla et al. 2020, arXiv:2004.11362.
        "supcon": lambda: losses.SupConLoss(**options.supcon.model_dump()),
        "proxy_anchor": lambda: losses.ProxyAnchorLoss(*size, **options.proxy_anchor.model_dump()),
        "arcface": lambda: losses.ArcFaceLoss(*size, **options.arcface.model_dump()),
    }
    return AngularLoss(builders[name](), origin)


def _proxy_softmax(size: tuple[int, int], options: ProxySoftmaxOptions) -> nn.Module:
    # Zhai & Wu 2019, arXiv:1811.12649.
    loss = losses.NormalizedSoftmaxLoss(*size, temperature=options.temperature)
    # The library has no option for it.
    loss.cross_entropy.label_smoothing = options.label_smoothing
    return loss


def start_at_class_means(loss: nn.Module, means: Callable[[], Tensor]) -> None:
    """Let the proxies of a loss begin at the mean embedding of each class.

    Parameters
    ----------
    loss
        Of `build_loss`; one without proxies stays as it is.
    means
        Returns classes x embedding_size; asked only if there are proxies.
    """
    if not isinstance(loss, AngularLoss):
        return
    for name, parameter in loss.loss.named_parameters():
        proxies = means().to(parameter) - loss.origin
        with torch.no_grad():
            # Either one proxy a row or, of losses made of a classifier's weights, one a column.
            parameter.copy_(proxies if name == "proxies" else proxies.T)


class AngularLoss(nn.Module):
    """A loss on the directions of embeddings, seen from the middle of their range.

    Seen from 0, all embeddings of sigmoid units lie in one corner, at small angles.
    """

    def __init__(self, loss: nn.Module, origin: float) -> None:
        super().__init__()
        self.loss = loss
        self.origin = origin

    def forward(
        self, embeddings: Tensor, labels: Tensor, triplets: Triplets | None = None
    ) -> Tensor:
        """Return the mean loss; which triplets were drawn does not matter here."""
        loss: Tensor = self.loss(embeddings - self.origin, labels)
        return loss


class TripletLoss(nn.Module):
    """Triplet loss on squared Euclidean distances of embeddings that are not normalised.

    With the distances ap² of anchor and positive, an² of anchor and negative, and the margin α,
    the mean over triplets of, as in the reference work,

    - ``standard``: max(0, ap² - an² + α)
    - ``alternative``: ap² + max(0, α - an²)
    - ``geometric``: ap² + α / an²

    The triplets are those that a batch names, or else those that a miner finds in it:
    ``semihard`` mines triplets whose negative is farther away than the positive but within the
    margin (Schroff et al. 2015, arXiv:1503.03832), ``batch_hard`` the hardest positive and
    negative of each anchor (Hermans et al. 2017, arXiv:1703.07737), ``all`` takes every triplet.
    A batch without such a triplet has loss 0.
    """

    def __init__(self, options: TripletOptions) -> None:
        super().__init__()
        self._margin = options.margin
        self._form = options.form
        self._distance = LpDistance(normalize_embeddings=False, p=2, power=2)
        self._miner = {
            "semihard": TripletMarginMiner(
                options.margin, type_of_triplets="semihard", distance=self._distance
            ),
            "batch_hard": BatchHardMiner(distance=self._distance),
            "all": lambda _, labels: get_all_triplets_indices(labels),
        }[options.miner]

    def forward(
        self, embeddings: Tensor, labels: Tensor, triplets: Triplets | None = None
    ) -> Tensor:
        """Return the mean loss."""
        anchor, positive, negative = triplets or self._miner(embeddings, labels)
        if not len(anchor):
            return embeddings.sum() * 0
        if triplets is None:
            distances = self._distance(embeddings)
            to_positive, to_negative = distances[anchor, positive], distances[anchor, negative]
        else:
            # The distances of all pairs would be many more than were drawn.
            to_positive, to_negative = (
                (embeddings[anchor] - embeddings[other]).square().sum(1)
                for other in (positive, negative)
            )
        return self._of_triplets(to_positive, to_negative).mean()

    def _of_triplets(self, to_positive: Tensor, to_negative: Tensor) -> Tensor:
        if self._form == "standard":
            return torch.relu(to_positive - to_negative + self._margin)
        if self._form == "alternative":
            return to_positive + torch.relu(self._margin - to_negative)
        return to_positive + self._margin / to_negative.clamp_min(_LEAST_DISTANCE)


def drawn_triplets(count: int, device: torch.device) -> Triplets:
    """Return the places of triplets in a batch of anchors, then positives, then negatives."""
    anchor, positive, negative = torch.arange(3 * count, device=device).split(count)
    return anchor, positive, negative
