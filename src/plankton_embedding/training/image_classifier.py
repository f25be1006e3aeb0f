"""Images in, classes and embeddings out: an embedder with its gallery and decision rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from plankton_embedding.analysis.decision_rule import DecisionRule, check_rule, read_rule
from plankton_embedding.analysis.gallery import ClassGallery, GalleryError, check_fingerprint
from plankton_embedding.analysis.gallery_decision import decide
from plankton_embedding.analysis.gallery_files import GALLERY_FILES, read_gallery
from plankton_embedding.training.card import EmbedderError
from plankton_embedding.training.image_embedder import ImageEmbedder, ImageEmbedderOptions
from plankton_embedding.training.trained_embedder import (
    EMBEDDER_FILES,
    TrainedEmbedder,
    read_embedder,
)


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
        options: ImageEmbedderOptions,
    ) -> None:
        self._embedder = ImageEmbedder(embedder, options)
        self.card, self.gallery, self.rule = embedder.card, gallery, rule
        self.embedder_fingerprint = self._embedder.fingerprint
        check_fingerprint(gallery, self.embedder_fingerprint)
        check_rule(rule, gallery)

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
        vectors = self._embedder.embed(images)
        decided = decide(vectors.astype(np.float64), self.gallery, self.rule)
        table = decided[["class_name", "distance", "confidence", "is_unknown"]]
        return table.assign(embedding=pd.Series(vectors.tolist(), dtype=object))


def read_image_classifier(files: ClassifierFiles, options: ImageEmbedderOptions) -> ImageClassifier:
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
