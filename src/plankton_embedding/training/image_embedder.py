"""Images in, embeddings out: an embedder that takes files, bytes and arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from plankton_embedding.images.given_images import prepare_images
from plankton_embedding.images.prepare_batch import PreparedBatch
from plankton_embedding.parameters import ScanOptions, TrainingOptions
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embed_files import forward
from plankton_embedding.training.trained_embedder import TrainedEmbedder


class ImageEmbedderOptions(BaseModel):
    """How images are read and embedded; nothing that says what the network has learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "bf16", "float32"]
    batch_size: int = Field(ge=1, description="images that the network takes at once")
    min_side: int = Field(ge=1, description="pixels; an image with a shorter side is refused")
    max_pixels: int = Field(ge=1, description="an image of more is refused")

    @classmethod
    def of_parameters(cls, training: TrainingOptions, scan: ScanOptions) -> Self:
        """Take what the project's parameters say."""
        return cls(
            device=training.device,
            precision=training.precision,
            batch_size=training.evaluation_batch_size,
            min_side=scan.min_side,
            max_pixels=scan.max_pixels,
        )


class ImageEmbedder:
    """Embeds images as the embedder's card says.

    Parameters
    ----------
    embedder
        What embeds.
    options
        How to compute.

    Attributes
    ----------
    card
        The embedder's.
    fingerprint
        The embedder's.

    Raises
    ------
    EmbedderError
        If the weights do not fit the card.
    """

    def __init__(self, embedder: TrainedEmbedder, options: ImageEmbedderOptions) -> None:
        network = embedder.network()
        self.card, self.fingerprint = embedder.card, embedder.fingerprint()
        self._batch_size = options.batch_size
        self._scan = ScanOptions(
            # Of folders: here a file that cannot be used is an error.
            max_rejected=0,
            reuse=False,
            min_side=options.min_side,
            max_pixels=options.max_pixels,
        )
        computing = {"device": options.device, "precision": options.precision}
        self._compute = Compute(self.card.training.model_copy(update=computing))
        self._network = network.to(self._compute.device)

    def embed(self, images: Sequence[object]) -> npt.NDArray[np.float32]:
        """Embed images.

        Parameters
        ----------
        images
            Bytes of image files, paths, or arrays; see `prepare_images`.

        Returns
        -------
        float32 array, images x embedding size, in their order

        Raises
        ------
        GivenImageError
            If an image cannot be used.
        """
        embedded = forward(self._network, self._batches(images), self._compute, self._batch_size)
        empty = np.empty((0, self._network.embedding_size), dtype=np.float32)
        return np.concatenate([empty, *(vectors for _, vectors in embedded)])

    def prepare(self, images: Sequence[object], first: int = 0) -> npt.NDArray[np.uint8]:
        """Return images as the network sees them: uint8 array, images x size x size.

        Parameters
        ----------
        images
            As for `embed`.
        first
            The number of the first image, for messages.

        Raises
        ------
        GivenImageError
            If an image cannot be used.
        """
        return prepare_images(images, self._scan, self.card.preprocess, first=first)

    def _batches(self, images: Sequence[object]) -> Iterator[PreparedBatch]:
        for start in range(0, len(images), self._batch_size):
            batch = images[start : start + self._batch_size]
            yield PreparedBatch(self.prepare(batch, start), [""] * len(batch))
