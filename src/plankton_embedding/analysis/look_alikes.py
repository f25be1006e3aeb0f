"""Look-alikes: the stored images whose embeddings lie nearest to that of a given image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.left_out_distances import row_chunks
from plankton_embedding.errors import UserError

# What finds the candidates. Both look at all vectors and find the same images; on two cores
# scikit-learn takes 0.25 s for 10 queries in 1,000,000 vectors of 64, and 2.9 s for 500, faiss
# 0.1 s and 4.0 s.
Engine = Literal["scikit-learn", "faiss"]

# Candidates beyond those asked for: distances are right to rounding only until they are sorted.
_SPARE = 8


class LookAlikesError(UserError):
    """Look-alikes cannot be found among these images, or not for this one."""


@dataclass(frozen=True)
class NearestImages:
    """The stored images nearest to each query, the nearest first.

    Attributes
    ----------
    image_ids, class_names : ndarray of object (str), shape (queries, k)
    distances : ndarray of float64, shape (queries, k)
        Euclidean, in units of the embedding.
    """

    image_ids: NDArray[np.object_]
    class_names: NDArray[np.object_]
    distances: NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """Return one row a query and rank: ``query``, ``rank`` (from 1) and what was found."""
        queries, count = self.distances.shape
        return pd.DataFrame(
            {
                "query": np.repeat(np.arange(queries), count),
                "rank": np.tile(np.arange(1, count + 1), queries),
                "image_id": pd.Series(self.image_ids.ravel().tolist(), dtype="str"),
                "class_name": pd.Series(self.class_names.ravel().tolist(), dtype="str"),
                "distance": self.distances.ravel(),
            }
        )


class LookAlikes:
    """Stored embeddings in which look-alikes are sought. Exact: every vector is looked at.

    Parameters
    ----------
    vectors : array of float, shape (images, features)
        Kept as they are if they are float32 or float64.
    image_ids : array of str, shape (images,)
        Each once.
    class_names : array of str, shape (images,)
    engine : {"scikit-learn", "faiss"}
        faiss must be installed: ``pip install faiss-cpu``.

    Raises
    ------
    LookAlikesError
        If there are no images, an image stands there twice, a vector holds NaN or infinity, or
        faiss is not installed.
    ValueError
        If there is not one id and one class a vector.

    Examples
    --------
    >>> stored = LookAlikes([[0.0], [1.0], [3.0]], ["a", "b", "c"], ["x", "x", "y"], "scikit-learn")
    >>> stored.nearest([[2.5]], 2).image_ids.tolist()
    [['c', 'b']]
    """

    def __init__(
        self, vectors: ArrayLike, image_ids: ArrayLike, class_names: ArrayLike, engine: Engine
    ) -> None:
        matrix = np.asarray(vectors)
        if matrix.dtype not in (np.float32, np.float64):
            matrix = matrix.astype(np.float64)
        self._vectors = np.ascontiguousarray(matrix)
        self._ids = pd.Index(np.asarray(image_ids, dtype=object))
        self._classes, self._class_names = pd.factorize(np.asarray(class_names, dtype=object))
        if len(matrix) == 0:
            raise LookAlikesError("there are no stored images to find look-alikes among")
        if matrix.ndim != 2 or not len(matrix) == len(self._ids) == len(self._classes):
            raise ValueError(
                f"vectors of shape {matrix.shape}, {len(self._ids)} ids and {len(self._classes)} "
                "classes: give one row, id and class an image"
            )
        if not self._ids.is_unique:
            twice = self._ids[self._ids.duplicated()][0]
            raise LookAlikesError(f"image {twice!r} is stored more than once: give each one row")
        finite = np.isfinite(self._vectors).all(axis=1)
        if not finite.all():
            first = self._ids[int(np.argmin(finite))]
            raise LookAlikesError(f"the vector of image {first!r} holds NaN or infinity")
        self._search = _Faiss(self._vectors) if engine == "faiss" else _ScikitLearn(self._vectors)

    @classmethod
    def of_step(cls, embeddings: pd.DataFrame, step: int, engine: Engine) -> Self:
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
        matrix = embedding_matrix(images).astype(np.float32)
        names = images[["image_id", "class_name"]].astype(str).to_numpy(dtype=object)
        return cls(matrix, names[:, 0], names[:, 1], engine)

    def __len__(self) -> int:
        return len(self._vectors)

    def nearest(self, vectors: ArrayLike, count: int) -> NearestImages:
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
        positions, distances = self._find(self._checked(vectors), count)
        return self._describe(positions, distances)

    def nearest_to(self, image_ids: ArrayLike, count: int) -> NearestImages:
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
        return self._describe(
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

    def _describe(
        self, positions: NDArray[np.intp], distances: NDArray[np.float64]
    ) -> NearestImages:
        ids = self._ids.to_numpy(dtype=object)[positions]
        return NearestImages(ids, self._class_names[self._classes[positions]], distances)


class _ScikitLearn:
    def __init__(self, vectors: NDArray[np.floating]) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._stored = NearestNeighbors(algorithm="brute").fit(vectors)

    def candidates(self, queries: NDArray[np.floating], count: int) -> NDArray[np.intp]:
        """Return the positions of the nearest vectors, shape (queries, count)."""
        found: NDArray[np.intp] = self._stored.kneighbors(queries, count, return_distance=False)
        return found


class _Faiss:
    def __init__(self, vectors: NDArray[np.floating]) -> None:
        try:
            import faiss
        except ImportError:
            raise LookAlikesError(
                "faiss is not installed: pip install faiss-cpu, or take scikit-learn, which finds "
                "the same images"
            ) from None
        # float32 throughout: differences from the middle keep more digits.
        self._middle = vectors.mean(axis=0)
        self._stored = faiss.IndexFlatL2(vectors.shape[1])
        self._stored.add((vectors - self._middle).astype(np.float32))

    def candidates(self, queries: NDArray[np.floating], count: int) -> NDArray[np.intp]:
        """Return the positions of the nearest vectors, shape (queries, count)."""
        found: NDArray[np.intp] = self._stored.search(
            (queries - self._middle).astype(np.float32), count
        )[1]
        return found
