"""Search for the nearest of many stored vectors; exact, whatever engine does it."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from plankton_embedding.analysis.left_out_distances import row_chunks
from plankton_embedding.errors import UserError

logger = logging.getLogger(__name__)

# Both look at all vectors and find the same ones. On two cores scikit-learn takes 0.25 s for 10
# queries in 1,000,000 vectors of 64, and 2.9 s for 500; faiss 0.1 s and 4.0 s.
Engine = Literal["auto", "scikit-learn", "faiss"]

# From so many vectors on, faiss, if it is installed: below, nobody notices the difference, and
# faiss keeps a second copy of them.
FAISS_FROM = 1_000_000


class MissingEngineError(UserError):
    """The engine that was asked for is not installed."""


class VectorSearch(Protocol):
    """Finds candidates among the vectors that it was opened with."""

    def candidates(self, queries: NDArray[np.floating], count: int) -> NDArray[np.intp]:
        """Return the positions of the nearest vectors, in no order, shape (queries, count).

        Right to the rounding of float32: of vectors that are nearly equally near, those that are
        a little farther may be among them. So ask for some more than are wanted.
        """
        ...


def open_search(vectors: NDArray[np.floating], engine: Engine) -> VectorSearch:
    """Open a search.

    Parameters
    ----------
    vectors : ndarray of float32 or float64, shape (images, features)
        Finite; kept, not copied.
    engine : {"auto", "scikit-learn", "faiss"}
        auto: faiss from 1,000,000 vectors on, if it is installed.

    Raises
    ------
    MissingEngineError
        If faiss is asked for and not installed.
    """
    if engine == "faiss" or (engine == "auto" and _faiss_helps(len(vectors))):
        return _Faiss(vectors)
    return _ScikitLearn(vectors)


def _faiss_helps(images: int) -> bool:
    if images < FAISS_FROM:
        return False
    if find_spec("faiss") is None:
        logger.warning(
            "%s stored images are searched by scikit-learn. faiss finds the same ones sooner: "
            "pip install 'plankton_embedding[faiss]'",
            f"{images:,}",
        )
        return False
    return True


class _ScikitLearn:
    def __init__(self, vectors: NDArray[np.floating]) -> None:
        from sklearn.neighbors import NearestNeighbors

        # Trees are no faster than looking at all, from some 20 features on.
        self._stored = NearestNeighbors(algorithm="brute").fit(vectors)

    def candidates(self, queries: NDArray[np.floating], count: int) -> NDArray[np.intp]:
        found: NDArray[np.intp] = self._stored.kneighbors(queries, count, return_distance=False)
        return found


class _Faiss:
    def __init__(self, vectors: NDArray[np.floating]) -> None:
        try:
            import faiss
        except ImportError:
            raise MissingEngineError(
                "faiss is not installed: pip install 'plankton_embedding[faiss]', or take "
                "scikit-learn, which finds the same images"
            ) from None
        # float32 throughout: differences from the middle keep more digits.
        self._middle = vectors.mean(axis=0, dtype=np.float64)
        self._stored = faiss.IndexFlatL2(vectors.shape[1])
        for rows in row_chunks(len(vectors), vectors.shape[1]):
            self._stored.add(self._centred(vectors[rows]))

    def candidates(self, queries: NDArray[np.floating], count: int) -> NDArray[np.intp]:
        found: NDArray[np.intp] = self._stored.search(self._centred(queries), count)[1]
        return found

    def _centred(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        return (vectors - self._middle).astype(np.float32)
