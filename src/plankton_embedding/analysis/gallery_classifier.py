"""Classification by a gallery: the class, how sure, whether it is unknown, and what is like it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.decision_rule import DecisionRule, check_rule
from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.gallery import ClassGallery
from plankton_embedding.analysis.gallery_decision import decide
from plankton_embedding.analysis.gallery_images import check_images, reference_images
from plankton_embedding.analysis.neighbours import nearest_in_rows, squared_distance_chunks

# The class itself is the first.
RANKS = (2, 3, 4, 5)


@dataclass(frozen=True)
class GalleryClassifier:
    """A gallery with its rule and its images.

    Attributes
    ----------
    gallery : ClassGallery
    rule : DecisionRule
        Fitted to it.
    gallery_embeddings : DataFrame
        See `gallery_images`.
    nearest_examples : int
        Images of the gallery that are named for each image, at most; at least 0.

    Raises
    ------
    GalleryError
        If the three do not belong together.
    """

    gallery: ClassGallery
    rule: DecisionRule
    gallery_embeddings: pd.DataFrame
    nearest_examples: int
    _example_ids: NDArray[np.object_] = field(init=False, repr=False)
    _example_vectors: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_rule(self.rule, self.gallery)
        check_images(self.gallery_embeddings, self.gallery)
        images = reference_images(self.gallery_embeddings)
        # The dataclass is frozen for its users.
        object.__setattr__(self, "_example_ids", images["image_id"].to_numpy(dtype=object))
        object.__setattr__(self, "_example_vectors", embedding_matrix(images))

    def classify(self, vectors: NDArray[np.float64]) -> pd.DataFrame:
        """Classify vectors by the nearest centroid.

        Parameters
        ----------
        vectors : ndarray of float64, shape (images, features)
            Finite, of the gallery's embedder.

        Returns
        -------
        DataFrame
            One row a vector, the columns of `prediction_types`: those of `decide`;
            ``runner_up_2`` to ``runner_up_5`` with their ``…_distance``, missing where the gallery
            has fewer classes; ``nearest_example_1``, … ids of images of the gallery.
        """
        decided = decide(vectors, self.gallery, self.rule)
        types = prediction_types(self.nearest_examples)
        further = self._rank_classes(vectors) | self._name_nearest(vectors)
        table = pd.concat([decided, pd.DataFrame(further, index=decided.index)], axis=1)
        return table[list(types)].astype(types)

    def _rank_classes(self, vectors: NDArray[np.float64]) -> dict[str, object]:
        from scipy.spatial.distance import cdist

        distances = cdist(vectors, self.gallery.centroids)
        # Of equally near centroids the first, as in `centroids.classify`.
        order = np.argsort(distances, axis=1, kind="stable")[:, : RANKS[-1]]
        ranked = np.take_along_axis(distances, order, axis=1)
        names = self.gallery.class_names.astype(object)
        columns: dict[str, object] = {}
        for place, rank in enumerate(RANKS, start=1):
            there = place < order.shape[1]
            columns[f"runner_up_{rank}"] = names[order[:, place]] if there else None
            columns[f"runner_up_{rank}_distance"] = ranked[:, place] if there else np.nan
        return columns

    def _name_nearest(self, vectors: NDArray[np.float64]) -> dict[str, object]:
        found = min(self.nearest_examples, len(self._example_ids))
        names = np.full((len(vectors), self.nearest_examples), None, dtype=object)
        if found:
            for rows, squared in squared_distance_chunks(vectors, self._example_vectors):
                names[rows, :found] = self._example_ids[nearest_in_rows(squared, found)]
        return {f"nearest_example_{place}": column for place, column in enumerate(names.T, start=1)}


def prediction_types(nearest_examples: int) -> dict[str, str]:
    """Return the columns of a prediction, with their types; all may be missing."""
    return {
        "class_name": "str",
        "distance": "float64",
        "novelty": "float64",
        "confidence": "float64",
        "is_unknown": "boolean",
        **{
            name: kind
            for rank in RANKS
            for name, kind in (
                (f"runner_up_{rank}", "str"),
                (f"runner_up_{rank}_distance", "float64"),
            )
        },
        **{f"nearest_example_{place}": "str" for place in range(1, nearest_examples + 1)},
    }


def predict_block(block: pd.DataFrame, classifier: GalleryClassifier) -> pd.DataFrame:
    """Classify a block of embedded images.

    Parameters
    ----------
    block : DataFrame
        ``image_id``, ``path``, ``reason`` (empty: the image was embedded), ``e00``, ….
    classifier : GalleryClassifier

    Returns
    -------
    DataFrame
        One row an image, in the same order: ``image_id``, ``path``, what
        `GalleryClassifier.classify` says (missing if the image was not embedded), ``reason``.
    """
    block = block.reset_index(drop=True)
    embedded = block["reason"] == ""
    predicted = classifier.classify(embedding_matrix(block[embedded]))
    predicted = predicted.set_axis(block.index[embedded]).reindex(block.index)
    predicted = predicted.astype(prediction_types(classifier.nearest_examples))
    return pd.concat([block[["image_id", "path"]], predicted, block["reason"]], axis=1)
