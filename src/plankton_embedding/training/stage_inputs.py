"""What the stages of a training need beside the network, computed once."""

from __future__ import annotations

import torch
from torch import Tensor

from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.closed_form import (
    FrozenFeatures,
    class_means,
    compute_frozen_features,
)
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.feed import Feed, open_feed
from plankton_embedding.training.inference import embed_features, map_images
from plankton_embedding.training.labelled_images import SplitImages


class StageInputs:
    """Inputs of the stages of one training.

    Parameters
    ----------
    images
        What training looks at.
    compute
        Device, precision and process.
    options
        The training's.
    """

    def __init__(self, images: SplitImages, compute: Compute, options: TrainingOptions) -> None:
        self.images, self.compute, self.options = images, compute, options
        self._feed: Feed | None = None
        self._features: FrozenFeatures | None = None

    def frozen_features(self, embedder: Embedder) -> FrozenFeatures:
        """Return the features by the backbone as it is, which stays so: they are kept."""
        if self._features is None:
            size = self.options.evaluation_batch_size
            self._features = compute_frozen_features(embedder, self.images, self.compute, size)
        return self._features

    def forget_features(self) -> None:
        """Let features be computed anew: the backbone has changed."""
        self._features = None

    def train_images(self) -> Feed:
        """Return the training images, to be put through a backbone that changes from now on."""
        self.forget_features()
        if self._feed is None:
            self._feed = open_feed(self.images.train, self.compute.device, self.options)
        return self._feed

    def class_means(self, embedder: Embedder) -> Tensor:
        """Return the mean embedding of each class's training images: classes x embedding_size."""
        train = self.images.train
        if self._features is not None:
            vectors = embed_features(embedder.head, self._features.train)
        else:
            size = self.options.evaluation_batch_size
            vectors = map_images(embedder, train, self.compute, size, "class means")
        return class_means(vectors, torch.from_numpy(train.labels).to(vectors.device))
