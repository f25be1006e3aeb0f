"""A map of the embedding in the plane, and the nearest neighbours of each of its images.

The map is a picture, never a measurement: UMAP keeps near what is near, but how far apart groups
lie means nothing, and another machine draws another map. Neighbours are therefore found in the
embedding itself, in all its dimensions.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.embedding_tables import (
    EmbeddingsError,
    class_labels,
    embedding_matrix,
    validation_steps,
)
from plankton_embedding.analysis.principal_basis import fit_principal_basis
from plankton_embedding.analysis.projection import sample_per_class

UMAP, PRINCIPAL_COMPONENTS = "umap", "principal components"

_SPLITS = ("validation", "test")
# UMAP needs a neighbourhood to look at, and dimensions to leave out.
_FEWEST_VECTORS, _FEWEST_DIMENSIONS = 15, 3
# Of the map's first draft, which is ten units wide: parts identical images.
_INITIAL_SPREAD, _INITIAL_NOISE = 10.0, 1e-3


@dataclass(frozen=True)
class MapOptions:
    """How a map is made.

    Attributes
    ----------
    images : int
        At most so many are on the map, as evenly of each class as there are images; but at
        least one of each class.
    neighbours : int
        Nearest images that UMAP looks at, the image itself counted: few show fine structure,
        many show the whole.
    min_distance : float
        How close UMAP may put images, in units of the map, from 0 (dense clumps) to 1.
    shown_neighbours : int
        Nearest images listed for each image.
    """

    images: int
    neighbours: int
    min_distance: float
    shown_neighbours: int


def map_embedding(
    embeddings: pd.DataFrame, predictions: pd.DataFrame, options: MapOptions, seed: int
) -> pd.DataFrame:
    """Map the last step's validation and test images, and find the neighbours of each.

    Parameters
    ----------
    embeddings : DataFrame
        The ``embeddings`` table.
    predictions : DataFrame
        As from `steps.predict_by_centroids`: test images by centroids of validation images, and
        validation images by the centroids that they helped to make.
    options : MapOptions
    seed : int
        Chooses the images, and directs UMAP.

    Returns
    -------
    DataFrame
        One row an image, sorted by class: ``image_id``, ``class_name``, ``split``,
        ``predicted_class``; ``x``, ``y`` (float32, no unit); ``neighbours``, an array of row
        numbers of this table from 0 (int32), nearest first, and ``neighbour_distances``
        (float32, Euclidean, in units of the embedding); and, the same in all rows, ``step``,
        ``method`` ("umap", or "principal components" where there are fewer than 15 different
        vectors or fewer than 3 dimensions) and ``embedded_images``, of which the map's images
        were chosen.

    Raises
    ------
    EmbeddingsError
        If an image has no prediction.
    """
    step = validation_steps(embeddings)[-1]
    rows = embeddings[(embeddings["step"] == step) & embeddings["split"].isin(_SPLITS)]
    chosen = rows.iloc[_choose_images(class_labels(rows), options.images, seed)]
    order = ["class_name", "split", "image_id"]
    chosen = chosen.assign(class_name=class_labels(chosen)).sort_values(order, kind="stable")
    vectors = embedding_matrix(chosen)
    looked_at = max(options.shown_neighbours, options.neighbours - 1)
    neighbours, distances = nearest_neighbours(vectors, looked_at)
    method = UMAP if _suits_umap(vectors) else PRINCIPAL_COMPONENTS
    coordinates = _plane(vectors)
    if method == UMAP:
        coordinates = _umap(vectors, (neighbours, distances), options, seed)
    x, y = coordinates.astype(np.float32).T
    table = chosen[["image_id", "class_name", "split"]].reset_index(drop=True)
    return table.assign(
        predicted_class=_predicted_classes(table, predictions, step),
        x=x,
        y=y,
        neighbours=[*neighbours[:, : options.shown_neighbours].astype(np.int32)],
        neighbour_distances=[*distances[:, : options.shown_neighbours].astype(np.float32)],
        step=step,
        method=method,
        embedded_images=len(rows),
    )


def nearest_neighbours(
    vectors: ArrayLike, count: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the nearest other vectors of each vector, by Euclidean distance, exactly.

    Parameters
    ----------
    vectors : array, shape (images, features)
    count : int
        How many; fewer are found where there are no more others.

    Returns
    -------
    rows : ndarray of int, shape (images, found)
        Nearest first; of equally near ones, the lower row first.
    distances : ndarray of float64, shape (images, found)
    """
    from sklearn.neighbors import NearestNeighbors

    matrix = np.asarray(vectors, dtype=np.float64)
    count = min(count, len(matrix) - 1)
    if count < 1:
        return np.empty((len(matrix), 0), dtype=np.intp), np.empty((len(matrix), 0))
    found = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(matrix)
    rows = np.sort(found.kneighbors(return_distance=False), axis=1)
    # Scikit-learn's distances are rounded: those of identical vectors are not quite 0.
    columns = [np.linalg.norm(matrix - matrix[column], axis=1) for column in rows.T]
    distances = np.stack(columns, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(distances, order, axis=1)


def _choose_images(labels: NDArray[np.str_], most: int, seed: int) -> NDArray[np.intp]:
    counts = np.sort(np.unique(labels, return_counts=True)[1])
    # With a quota of counts[i], the smaller classes are taken whole, the others up to it.
    totals = np.cumsum(counts) + counts * np.arange(len(counts) - 1, -1, -1)
    whole = int(np.searchsorted(totals, most, side="right"))
    if whole == len(counts):
        return np.arange(len(labels))
    quota = (most - int(counts[:whole].sum())) // (len(counts) - whole)
    return sample_per_class(labels, max(1, quota), seed)


def _suits_umap(vectors: NDArray[np.float64]) -> bool:
    if vectors.shape[1] < _FEWEST_DIMENSIONS:
        return False
    return len(np.unique(vectors, axis=0)) >= _FEWEST_VECTORS


def _umap(
    vectors: NDArray[np.float64],
    neighbours: tuple[NDArray[np.intp], NDArray[np.float64]],
    options: MapOptions,
    seed: int,
) -> NDArray[np.float64]:
    """Lay out by UMAP: McInnes, Healy & Melville 2018, arXiv:1802.03426.

    It starts from the two leading principal components, which keeps more of the whole than a
    random start does: Kobak & Linderman 2021, doi:10.1038/s41587-020-00809-z.
    """
    count = max(2, min(options.neighbours, len(vectors)))
    itself = np.arange(len(vectors))[:, np.newaxis]
    rows = np.concatenate([itself, neighbours[0]], axis=1)[:, :count]
    distances = np.concatenate([np.zeros(itself.shape), neighbours[1]], axis=1)[:, :count]
    plane = _plane(vectors)
    plane *= _INITIAL_SPREAD / max(np.ptp(plane, axis=0).max(), np.finfo(float).tiny)
    plane += np.random.default_rng(seed).normal(scale=_INITIAL_NOISE, size=plane.shape)
    with warnings.catch_warnings():
        # Of numba's threading, and that no new images can be put on the map.
        warnings.simplefilter("ignore")
        import umap

        layout = umap.UMAP(
            n_neighbors=count,
            min_dist=options.min_distance,
            init=plane.astype(np.float32),
            precomputed_knn=(rows, distances.astype(np.float32)),
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(layout.fit_transform(vectors.astype(np.float32)), dtype=np.float64)


def _plane(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coordinates along the two leading principal components; zeros for want of one."""
    return fit_principal_basis(vectors, 2).project(vectors)


def _predicted_classes(
    table: pd.DataFrame, predictions: pd.DataFrame, step: int
) -> NDArray[np.object_]:
    keys = ["image_id", "split"]
    last = predictions.loc[predictions["step"] == step, [*keys, "predicted_class"]]
    predicted = table[keys].merge(last.drop_duplicates(keys), on=keys, how="left")
    missing = predicted["predicted_class"].isna()
    if missing.any():
        image_id = predicted.loc[missing, "image_id"].iloc[0]
        raise EmbeddingsError(
            f"no prediction of image {image_id!r} at step {step}: predictions and embeddings are "
            "of different runs; run the reporting pipeline again"
        )
    return predicted["predicted_class"].astype(str).to_numpy(dtype=object)
