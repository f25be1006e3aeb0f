"""Images in, classes and embeddings out: an embedder with its gallery and decision rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from plankton_embedding.analysis.decision_rule import DecisionRule, check_rule, read_rule
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError, check_fingerprint
from plankton_embedding.analysis.gallery_decision import decide
from plankton_embedding.analysis.gallery_files import GALLERY_FILES, read_gallery
from plankton_embedding.images.given_images import prepare_images
from plankton_embedding.images.prepare_batch import PreparedBatch
from plankton_embedding.parameters import ScanOptions
from plankton_embedding.training.card import EmbedderError
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embed_files import forward
from plankton_embedding.training.trained_embedder import (
    EMBEDDER_FILES,
    TrainedEmbedder,
    read_embedder,
)


class ClassifierOptions(BaseModel):
    """How images are read and embedded; nothing that says what the network has learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "bf16", "float32"]
    batch_size: int = Field(ge=1, description="images that the network takes at once")
    min_side: int = Field(ge=1, description="pixels; an image with a shorter side is refused")
    max_pixels: int = Field(ge=1, description="an image of more is refused")


@dataclass(frozen=True)
class ClassifierFiles:
    """Where the parts of a classifier lie on the disk."""

    embedder: Path
    class_gallery: Path
    decision_rule: Path


class ImageClassifier:
    """Classifies images by the nearest centroid of a gallery.

    Parameters
    ----------
    embedder
        What embeds.
    gallery
        Made by it.
    rule
        Fitted to the gallery.
    options
        How to compute.

    Raises
    ------
    GalleryError
        If the three do not belong together.
    EmbedderError
        If the weights do not fit the card.
    """

    def __init__(
        self,
        embedder: TrainedEmbedder,
        gallery: ClassGallery,
        rule: DecisionRule,
        options: ClassifierOptions,
    ) -> None:
        network = embedder.network()
        self.card, self.gallery, self.rule = embedder.card, gallery, rule
        self.embedder_fingerprint = embedder.fingerprint()
        check_fingerprint(gallery, self.embedder_fingerprint)
        check_rule(rule, gallery)
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

    def classify(self, images: Sequence[object]) -> pd.DataFrame:
        """Classify images.

        Parameters
        ----------
        images
            Bytes of image files, paths, or arrays; see `prepare_images`.

        Returns
        -------
        DataFrame
            One row an image, in their order: ``class_name``, ``distance``, ``confidence``,
            ``is_unknown`` (see `decide`), ``embedding`` (a list of float).

        Raises
        ------
        GivenImageError
            If an image cannot be used.
        """
        embedded = forward(self._network, self._prepare(images), self._compute)
        parts = [vectors for _, vectors in embedded]
        empty = np.empty((0, self._network.embedding_size), dtype=np.float32)
        vectors = np.concatenate([empty, *parts])
        decided = decide(vectors.astype(np.float64), self.gallery, self.rule)
        table = decided[["class_name", "distance", "confidence", "is_unknown"]]
        return table.assign(embedding=pd.Series(vectors.tolist(), dtype=object))

    def _prepare(self, images: Sequence[object]) -> Iterator[PreparedBatch]:
        for start in range(0, len(images), self._batch_size):
            batch = images[start : start + self._batch_size]
            pixels = prepare_images(batch, self._scan, self.card.preprocess, first=start)
            yield PreparedBatch(pixels, [""] * len(batch))


def read_image_classifier(files: ClassifierFiles, options: ClassifierOptions) -> ImageClassifier:
    """Read a classifier; folders that hold anything but its own files are refused.

    Weights come from safetensors, the rest from JSON and Parquet: nothing is unpickled.

    Raises
    ------
    EmbedderError, GalleryError
        If a part is missing, damaged, holds other files, or does not belong to the others.
    """
    _check_files(files.embedder, EMBEDDER_FILES, EmbedderError)
    _check_files(files.class_gallery, GALLERY_FILES, GalleryError)
    return ImageClassifier(
        read_embedder(files.embedder),
        read_gallery(files.class_gallery),
        read_rule(files.decision_rule),
        options,
    )


def _check_files(
    folder: Path, wanted: Sequence[str], error: type[EmbedderError] | type[GalleryError]
) -> None:
    strange = sorted({path.name for path in folder.glob("*")} - {*wanted})
    if strange:
        raise error(
            f"{folder} holds {', '.join(strange)}, which is refused: only {' and '.join(wanted)} "
            "belong there. Use the folder as it was written"
        )
