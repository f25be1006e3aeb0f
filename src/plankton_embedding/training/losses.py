"""Training losses, by pytorch-metric-learning, on embeddings in float32."""

from __future__ import annotations

from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import NormalizedSoftmaxLoss, TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from plankton_embedding.parameters import LossOptions


def build_loss(options: LossOptions, classes: int, embedding_size: int) -> nn.Module:
    """Build the loss of a stage; it maps embeddings and class numbers to a scalar."""
    if options.name == "triplet":
        return TripletLoss(options.margin, options.miner)
    return ProxySoftmaxLoss(classes, embedding_size, options.temperature)


class TripletLoss(nn.Module):
    """Triplet loss max(0, |a-p|² - |a-n|² + α) over the triplets that a miner finds in a batch.

    Squared Euclidean distances of embeddings that are not normalised, as in the reference work;
    the mean is over all mined triplets. ``semihard`` mines triplets whose negative is farther
    away than the positive but within the margin (Schroff et al. 2015, arXiv:1503.03832),
    ``batch_hard`` the hardest positive and negative of each anchor (arXiv:1703.07737), ``all``
    takes every triplet. A batch without such a triplet has loss 0.
    """

    def __init__(self, margin: float, miner: str) -> None:
        super().__init__()
        distance = LpDistance(normalize_embeddings=False, p=2, power=2)
        self.loss = TripletMarginLoss(margin=margin, distance=distance, reducer=MeanReducer())
        self.miner = {
            "semihard": TripletMarginMiner(margin, type_of_triplets="semihard", distance=distance),
            "batch_hard": BatchHardMiner(distance=distance),
            "all": None,
        }[miner]

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of float32 embeddings, n x d, with class numbers, n."""
        mined = self.miner(embeddings, labels) if self.miner else None
        return self.loss(embeddings, labels, mined)


class ProxySoftmaxLoss(nn.Module):
    """Normalised softmax over one learnt proxy a class (Zhai & Wu 2019, arXiv:1811.12649).

    The embeddings' origin is moved to 0.5, the middle of a sigmoid: from random weights this
    learns many times faster than triplets, and warms a head up for them.
    """

    def __init__(self, classes: int, embedding_size: int, temperature: float) -> None:
        super().__init__()
        self.loss = NormalizedSoftmaxLoss(classes, embedding_size, temperature)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of float32 embeddings, n x d, with class numbers, n."""
        return self.loss(embeddings - 0.5, labels)
