"""Confusions over the steps of a training, and images that show what was taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    validation_steps,
)
from plankton_embedding.analysis.geometry import similarity_order
from plankton_embedding.analysis.steps import step_centroids
from plankton_embedding.analysis.typical_images import rank_by_distance, rank_typical_images

_KEYS = ["step", "split", "class_name", "predicted_class"]
ROLES = ("true", "confused", "predicted")


@dataclass(frozen=True)
class ConfusionFrames:
    """The confusion matrices of one split, step after step, in one order of classes.

    Attributes
    ----------
    steps : tuple of int
        In ascending order.
    class_names : tuple of str
    counts : ndarray of int64, shape (steps, classes, classes)
        Images of a true class (rows) that were given a class (columns).
    """

    steps: tuple[int, ...]
    class_names: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Counts as shares of the true class's images; 0 for a class without images."""
        return self.counts / np.maximum(self.counts.sum(axis=2, keepdims=True), 1)

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Share of all images that were given their own class, shape (steps,)."""
        return np.trace(self.counts, axis1=1, axis2=2) / self.counts.sum(axis=(1, 2))


def count_confusions_over_steps(predictions: pd.DataFrame) -> pd.DataFrame:
    """Count how often images of one class were given another, at every step and split.

    Parameters
    ----------
    predictions : DataFrame
        As from `steps.predict_by_centroids`. The centroids are those of the step's validation
        images: the confusions of validation images are therefore optimistic.

    Returns
    -------
    DataFrame
        Columns ``step``, ``split``, ``class_name``, ``predicted_class`` and ``images``; one row
        for each that occurs, sorted. ``images`` adds up to the rows of ``predictions``.
    """
    keys = predictions[_KEYS].astype(dict.fromkeys(_KEYS[1:], str))
    return keys.groupby(_KEYS, sort=True).size().rename("images").reset_index()


def order_classes(embeddings: pd.DataFrame, by: Literal["similarity", "name"]) -> list[str]:
    """Return every class of the data in the order of a confusion matrix's rows.

    Parameters
    ----------
    embeddings : DataFrame
    by : "similarity" or "name"
        By similarity of the last step's validation centroids, so that classes which the network
        finds alike stand side by side; classes without a centroid come at the end, sorted.
    """
    names = np.unique(class_labels(embeddings))
    if by == "name":
        return [str(name) for name in names]
    last = validation_steps(embeddings)[-1]
    similar = similarity_order(step_centroids(embeddings, last))
    return [str(name) for name in [*similar, *np.setdiff1d(names, similar)]]


def confusion_frames(confusions: pd.DataFrame, order: Sequence[str], split: str) -> ConfusionFrames:
    """Put the confusions of one split into matrices of the same classes at every step.

    Parameters
    ----------
    confusions : DataFrame
        As from `count_confusions_over_steps`.
    order : sequence of str
        The classes; those that are missing from it are put at its end, so that the counts always
        add up to the images.
    split : str

    Raises
    ------
    EmbeddingsError
        If the split was embedded at no step.
    """
    chosen = confusions[confusions["split"] == split]
    if chosen.empty:
        raise EmbeddingsError(
            f"no confusions of {split} images; there are those of "
            f"{sorted(confusions['split'].unique())}: run the modelling pipeline to its end"
        )
    true, predicted = chosen["class_name"].astype(str), chosen["predicted_class"].astype(str)
    known = list(dict.fromkeys(map(str, order)))
    names = pd.Index([*known, *sorted({*true, *predicted} - {*known})], dtype=object)
    steps, frame = np.unique(chosen["step"].to_numpy(), return_inverse=True)
    counts = np.zeros((len(steps), len(names), len(names)), dtype=np.int64)
    cells = (frame, names.get_indexer(pd.Index(true)), names.get_indexer(pd.Index(predicted)))
    np.add.at(counts, cells, chosen["images"].to_numpy())
    return ConfusionFrames(tuple(steps.tolist()), tuple(names), counts)


def choose_pair_examples(
    embeddings: pd.DataFrame,
    predictions: pd.DataFrame,
    step: int,
    pairs: pd.DataFrame,
    per_pair: int,
) -> pd.DataFrame:
    """Choose images that show each confusion: those confused, and typical ones of both classes.

    All are chosen by one rule, the nearest to the centroid first. ``confused`` are test images of
    the true class that were given the other, by their distance to the other's centroid, so the
    most decided mistakes come first; ``true`` and ``predicted`` are validation images of the true
    and of the other class, by their distance to their own centroid.

    Parameters
    ----------
    embeddings, predictions : DataFrame
        As from `steps.predict_by_centroids`, which classifies by validation centroids.
    step : int
    pairs : DataFrame
        ``class_name`` and ``predicted_class``, as from `scores.most_confused_pairs`.
    per_pair : int
        At most so many images of each role.

    Returns
    -------
    DataFrame
        Columns ``pair`` (row of ``pairs``, from 0), ``role``, ``image_id`` and ``rank`` (from 0),
        sorted by pair, role (true, confused, predicted) and rank.
    """
    test = predictions[(predictions["step"] == step) & (predictions["split"] == "test")]
    typical = rank_typical_images(embeddings, step, per_pair)
    confused = rank_by_distance(test, ["class_name", "predicted_class"], per_pair)
    numbered = pairs[["class_name", "predicted_class"]].astype(str)
    numbered = numbered.assign(pair=np.arange(len(pairs)))
    of_true = numbered.drop(columns="predicted_class").merge(typical, on="class_name")
    of_other = numbered.drop(columns="class_name").merge(
        typical, left_on="predicted_class", right_on="class_name"
    )
    of_both = numbered.merge(confused, on=["class_name", "predicted_class"])
    parts = dict(zip(ROLES, (of_true, of_both, of_other), strict=True))
    table = pd.concat(parts, names=["role"]).reset_index(level="role").reset_index(drop=True)
    table["role"] = pd.Categorical(table["role"], ROLES, ordered=True)
    table = table.sort_values(["pair", "role", "rank"], ignore_index=True)
    return table[["pair", "role", "image_id", "rank"]].astype({"role": str, "image_id": str})
