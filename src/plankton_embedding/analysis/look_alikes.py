"""Look-alikes: the stored images whose embeddings lie nearest to that of a given image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.left_out_distances import row_chunks
from plankton_embedding.analysis.vector_search import Engine, open_search
from plankton_embedding.errors import UserError

# Candidates beyond those asked for: distances are right to rounding only until they are sorted.
_SPARE = 8
_COLUMNS = ("image_id", "class_name", "path")


class LookAlikesError(UserError):
    """Look-alikes cannot be found among these images, or not for this one."""


class LookAlikes:
    """Stored embeddings in which look-alikes are sought. Exact: every vector is looked at.

    Searches return a table: one row a query and rank, with ``query`` (from 0), ``rank`` (from 1,
    the nearest first), ``image_id``, ``class_name``, ``distance`` (Euclidean, in units of the
    embedding) and ``path`` (empty where it is not known).

    Parameters
    ----------
    vectors : array of float, shape (images, features)
        Kept as they are if they are float32 or float64.
    images : DataFrame
        One row a vector: ``image_id``, each once, ``class_name``, perhaps ``path``.
    engine : {"auto", "scikit-learn", "faiss"}
        Of the search. All find the same images: see `vector_search.open_search`.

    Raises
    ------
    LookAlikesError
        If there are no images, an image stands there twice, or a vector holds NaN or infinity.
    MissingEngineError
        If faiss is asked for and not installed.
    ValueError
        If there is not one row a vector.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": ["a", "b", "c"], "class_name": ["x", "x", "y"]})
    >>> LookAlikes([[0.0], [1.0], [3.0]], images).nearest([[2.5]], 2)["image_id"].tolist()
    ['c', 'b']
    """

    def __init__(self, vectors: ArrayLike, images: pd.DataFrame, engine: Engine = "auto") -> None:
        matrix = np.asarray(vectors)
        if matrix.dtype not in (np.float32, np.float64):
            matrix = matrix.astype(np.float64)
        self._vectors = np.ascontiguousarray(matrix)
        if len(matrix) == 0:
            raise LookAlikesError("there are no stored images to find look-alikes among")
        if matrix.ndim != 2 or len(matrix) != len(images):
            raise ValueError(
                f"vectors of shape {matrix.shape} of {len(images)} images: give one row an image"
            )
        table = images.assign(path=images.get("path", ""))
        self._images = table[[*_COLUMNS]].astype("str").reset_index(drop=True)
        self._ids = pd.Index(self._images["image_id"])
        if not self._ids.is_unique:
            twice = self._ids[self._ids.duplicated()][0]
            raise LookAlikesError(f"image {twice!r} is stored more than once: give each one row")
        finite = np.isfinite(self._vectors).all(axis=1)
        if not finite.all():
            first = self._ids[int(np.argmin(finite))]
            raise LookAlikesError(f"the vector of image {first!r} holds NaN or infinity")
        self._search = open_search(self._vectors, engine)

    @classmethod
    def of_tables(
        cls,
        tables: Iterable[pd.DataFrame],
        paths: Mapping[str, str] | None = None,
        engine: Engine = "auto",
    ) -> Self:
        """Take the images of tables of embeddings, or of one table's blocks.

        Parameters
        ----------
        tables : iterable of DataFrame
            ``image_id``, ``class_name``, perhaps ``path``, ``e00``, ``e01``, …: of one embedder.
            ``[gallery_embeddings]``, ``[embeddings of a step]``, or ``inference_embeddings``,
            whose files that could not be read (with a ``reason``) are left out.
        paths : mapping of image_id to path, or None
            For tables without ``path``.
        engine : {"auto", "scikit-learn", "faiss"}

        Raises
        ------
        LookAlikesError
            See the class.
        EmbeddingsError
            If a vector holds NaN or infinity.
        """
        images: list[pd.DataFrame] = []
        vectors: list[NDArray[np.float32]] = []
        for table in tables:
            readable = table[table["reason"] == ""] if "reason" in table else table
            vectors.append(embedding_matrix(readable).astype(np.float32))
            images.append(readable[[name for name in _COLUMNS if name in readable]])
        if not vectors:
            raise LookAlikesError("there are no stored images to find look-alikes among")
        stored = pd.concat(images, ignore_index=True).astype("str")
        if paths is not None and "path" not in stored:
            stored["path"] = [paths.get(image_id, "") for image_id in stored["image_id"]]
        return cls(np.concatenate(vectors), stored, engine)

    @classmethod
    def of_step(
        cls, embeddings: pd.DataFrame, step: int, paths: Mapping[str, str] | None = None
    ) -> Self:
        """Take all images of one step of the ``embeddings`` table, of whatever split.

        Raises
        ------
        LookAlikesError
            If the table has none of the step, or an image stands there twice.
        EmbeddingsError
            If a vector holds NaN or infinity.
        """
        images = embeddings[embeddings["step"] == step]
        if images.empty:
            steps = sorted(embeddings["step"].unique().tolist())
            raise LookAlikesError(f"no embeddings of step {step}; there are those of {steps}")
        return cls.of_tables([images], paths)

    def __len__(self) -> int:
        return len(self._vectors)

    def nearest(self, vectors: ArrayLike, count: int) -> pd.DataFrame:
        """Find the stored images nearest to each vector.

        Of images that are equally near, the first stored come first; which of them are among the
        nearest where not all can be is left open.

        Parameters
        ----------
        vectors : array of float, shape (queries, features)
            Of the embedder that made the stored ones.
        count : int
            At least 1. If fewer are stored, all are found.

        Raises
        ------
        LookAlikesError
            If the vectors are not of the stored ones' size, or hold NaN or infinity.
        """
        return self._tabulate(*self._find(self._checked(vectors), count))

    def nearest_to(self, image_ids: ArrayLike, count: int) -> pd.DataFrame:
        """Find the look-alikes of stored images, these themselves left out.

        Parameters
        ----------
        image_ids : array of str, shape (queries,)
        count : int
            At least 1. If fewer others are stored, all are found.

        Raises
        ------
        LookAlikesError
            If an image is not stored.
        """
        wanted = np.atleast_1d(np.asarray(image_ids, dtype=object))
        own = self._ids.get_indexer(pd.Index(wanted))
        if (own < 0).any():
            missing = wanted[own < 0][0]
            raise LookAlikesError(
                f"no stored image {missing!r} among {len(self)}, such as {self._ids[0]!r}"
            )
        positions, distances = self._find(self._vectors[own].astype(np.float64), count + 1)
        last = np.argsort(positions == own[:, np.newaxis], axis=1, kind="stable")
        others = last[:, : min(count, len(self) - 1)]
        return self._tabulate(
            np.take_along_axis(positions, others, axis=1),
            np.take_along_axis(distances, others, axis=1),
        )

    def _checked(self, vectors: ArrayLike) -> NDArray[np.float64]:
        queries, features = np.asarray(vectors, dtype=np.float64), self._vectors.shape[1]
        if queries.ndim != 2 or queries.shape[1] != features:
            raise LookAlikesError(
                f"vectors of shape {queries.shape}, but the stored ones have {features} features: "
                "give one row an image, of the same embedder"
            )
        if not np.isfinite(queries).all():
            raise LookAlikesError("a vector to find look-alikes for holds NaN or infinity")
        return queries

    def _find(
        self, queries: NDArray[np.float64], count: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        if count < 1:
            raise ValueError(f"{count} look-alikes: ask for at least 1")
        kept, candidates = min(count, len(self)), min(count + _SPARE, len(self))
        positions = np.empty((len(queries), kept), dtype=np.intp)
        distances = np.empty((len(queries), kept))
        for rows in row_chunks(len(queries), candidates * queries.shape[1]):
            found = self._search.candidates(queries[rows].astype(self._vectors.dtype), candidates)
            found = np.sort(found, axis=1)
            offsets = self._vectors[found] - queries[rows, np.newaxis]
            exact = np.linalg.norm(offsets, axis=2)
            order = np.argsort(exact, axis=1, kind="stable")[:, :kept]
            positions[rows] = np.take_along_axis(found, order, axis=1)
            distances[rows] = np.take_along_axis(exact, order, axis=1)
        return positions, distances

    def _tabulate(
        self, positions: NDArray[np.intp], distances: NDArray[np.float64]
    ) -> pd.DataFrame:
        queries, count = distances.shape
        found = self._images.iloc[positions.ravel()].reset_index(drop=True)
        return pd.DataFrame(
            {
                "query": np.repeat(np.arange(queries), count),
                "rank": np.tile(np.arange(1, count + 1), queries),
                "image_id": found["image_id"],
                "class_name": found["class_name"],
                "distance": distances.ravel(),
                "path": found["path"],
            }
        )
