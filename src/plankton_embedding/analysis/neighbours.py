"""Exact nearest neighbours by plain matrix products, in little memory.

Distances are computed in chunks of some 64 MB. Vectors are moved to their common mean first and
handled as float32: squared distances are then right to about a millionth of the largest one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import EmbeddingsError

_CHUNK_BYTES = 64_000_000


def unique_image_ids(table: pd.DataFrame) -> pd.Index:
    """Return the ``image_id`` of each row of an embeddings table of one step, as text.

    Raises
    ------
    EmbeddingsError
        If an image has two rows: it would be its own neighbour.
    """
    ids = pd.Index(table["image_id"].astype(str))
    if not ids.is_unique:
        raise EmbeddingsError(
            f"the image {ids[ids.duplicated()][0]!r} has two embeddings of one step: "
            "give each image one row"
        )
    return ids


def squared_distance_chunks(
    queries: NDArray[np.float64], references: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the squared Euclidean distances of all queries to all references, rows at a time.

    Parameters
    ----------
    queries : ndarray, shape (queries, features)
    references : ndarray, shape (references, features)

    Yields
    ------
    rows : slice
        Of the queries.
    distances : ndarray of float32, shape (rows, references)
        Free to be changed, and overwritten by the next chunk.
    """
    middle = references.mean(axis=0)
    query_vectors = (queries - middle).astype(np.float32)
    reference_vectors = (references - middle).astype(np.float32)
    query_norms = np.square(query_vectors).sum(axis=1)
    reference_norms = np.square(reference_vectors).sum(axis=1)
    minus_twice = -2 * reference_vectors.T
    chunk = max(1, _CHUNK_BYTES // (4 * len(references)))
    buffer = np.empty((min(chunk, len(queries)), len(references)), dtype=np.float32)
    for start in range(0, len(queries), chunk):
        rows = slice(start, min(start + chunk, len(queries)))
        distances = buffer[: rows.stop - start]
        np.matmul(query_vectors[rows], minus_twice, out=distances)
        distances += query_norms[rows, np.newaxis]
        distances += reference_norms
        yield rows, np.maximum(distances, 0, out=distances)


def nearest_in_rows(distances: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Return the columns of the smallest values of each row, the smallest first.

    A tournament: the columns are dealt into blocks, and only the blocks with the smallest
    minima can hold what is sought. Exact, and several times faster than partitioning all.

    Parameters
    ----------
    distances : ndarray, shape (rows, columns)
        Without NaN.
    count : int
        ``1 <= count <= columns``.

    Returns
    -------
    ndarray of intp, shape (rows, count)
        Of equal values that are among them, the first column first.
    """
    rows, columns = distances.shape
    width = max(1, round((columns / count) ** 0.5))
    blocks = columns // width
    if width == 1 or blocks <= count:
        chosen = np.argpartition(distances, count - 1, axis=1)[:, :count]
    else:
        minima = distances[:, : blocks * width].reshape(rows, width, blocks).min(axis=1)
        best = np.argpartition(minima, count - 1, axis=1)[:, :count, np.newaxis]
        left_over = np.tile(np.arange(blocks * width, columns), (rows, 1))
        finalists = (best + blocks * np.arange(width)).reshape(rows, -1)
        finalists = np.concatenate([finalists, left_over], axis=1)
        values = np.take_along_axis(distances, finalists, axis=1)
        winners = np.argpartition(values, count - 1, axis=1)[:, :count]
        chosen = np.take_along_axis(finalists, winners, axis=1)
    chosen.sort(axis=1)
    order = np.argsort(np.take_along_axis(distances, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)
