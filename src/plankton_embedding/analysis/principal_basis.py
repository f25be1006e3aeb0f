"""Axes of largest variance, plain or of standardised features, and how much each explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plankton_embedding.analysis.embedding_tables import (
    embedding_matrix,
    select_embeddings,
    validation_steps,
)

# Embeddings are float32: features that vary by less than its last digits are constant.
_CONSTANT_BELOW = 4 * float(np.finfo(np.float32).eps)
_TIED_ABOVE = 1 - 1e-6


@dataclass(frozen=True)
class PrincipalBasis:
    """Axes of the largest variance, fitted once and then fixed.

    Attributes
    ----------
    mean : ndarray of float64, shape (features,)
    scale : ndarray of float64, shape (features,)
        What each feature is divided by: its standard deviation, or 1.
    axes : ndarray of float64, shape (components, features)
        Orthonormal rows; of each, the coordinate of largest magnitude is positive. Where the
        vectors vary in fewer dimensions than there are components, the last rows are zero, and
        so are the coordinates along them.
    explained : ndarray of float64, shape (components,)
        Share of the whole variance along each axis; zero for a row of zeros.
    standardised : bool
        Whether features were standardised.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float64]
    explained: NDArray[np.float64]
    standardised: bool

    def project(self, vectors: ArrayLike) -> NDArray[np.float64]:
        """Return the coordinates of vectors along the axes, shape (vectors, components)."""
        centred = np.asarray(vectors, dtype=np.float64) - self.mean
        return (centred / self.scale) @ self.axes.T


def fit_principal_basis(
    vectors: ArrayLike, components: int, standardised: bool = False
) -> PrincipalBasis:
    """Fit the axes of largest variance by a singular value decomposition.

    Plain axes keep the distances of the embedding. Standardised ones, as the reference work
    has them, give each feature mean 0 and variance 1 first, so that a feature that varies
    little counts as much as one that varies a lot. A constant feature adds nothing to either.

    Parameters
    ----------
    vectors : array, shape (images, features)
    components : int
        If the vectors vary in fewer dimensions, the last axes are zero.
    standardised : bool

    Raises
    ------
    ValueError
        If there are no vectors.
    """
    matrix = np.asarray(vectors, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"principal components need vectors; the array has shape {matrix.shape}")
    mean = matrix.mean(axis=0)
    varies = np.ptp(matrix, axis=0) > _CONSTANT_BELOW * np.abs(matrix).max(axis=0)
    scale = np.where(varies, matrix.std(axis=0), 1.0) if standardised else np.ones_like(mean)
    centred = np.where(varies, (matrix - mean) / scale, 0.0)
    _, singular, found = np.linalg.svd(centred, full_matrices=False)
    rank = int((singular > singular[0] * max(matrix.shape) * np.finfo(np.float64).eps).sum())
    kept = min(rank, components)
    axes, explained = np.zeros((components, matrix.shape[1])), np.zeros(components)
    axes[:kept] = _with_fixed_signs(found[:kept])
    explained[:kept] = np.square(singular[:kept]) / max(
        np.square(singular).sum(), np.finfo(float).tiny
    )
    return PrincipalBasis(mean, scale, axes, explained, standardised)


def fit_last_basis(
    embeddings: pd.DataFrame, components: int, standardised: bool = False
) -> PrincipalBasis:
    """Fit the basis on the validation embeddings of the last step; see `fit_principal_basis`."""
    last = select_embeddings(embeddings, validation_steps(embeddings)[-1], "validation")
    return fit_principal_basis(embedding_matrix(last), components, standardised)


def measure_explained_variance(embeddings: pd.DataFrame) -> pd.DataFrame:
    """Measure how much variance of the last step's validation embeddings each axis explains.

    Returns
    -------
    DataFrame
        One row a projection and component: ``projection`` ("plain" or "standardised"),
        ``component`` (from 1 to the number of features), ``explained`` and ``cumulative``
        (shares of the whole variance; all zero if the embeddings are all the same).
    """
    last = select_embeddings(embeddings, validation_steps(embeddings)[-1], "validation")
    vectors = embedding_matrix(last)
    parts = []
    for projection, standardised in (("plain", False), ("standardised", True)):
        explained = fit_principal_basis(vectors, vectors.shape[1], standardised).explained
        part = {
            "projection": projection,
            "component": np.arange(1, len(explained) + 1),
            "explained": explained,
            "cumulative": np.minimum(np.cumsum(explained), 1.0),
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def components_that_hold(explained_variance: pd.DataFrame, share: float) -> dict[str, int]:
    """Count the leading components that together hold a share of the variance.

    Parameters
    ----------
    explained_variance : DataFrame
        As from `measure_explained_variance`.
    share : float
        From 0 to 1.

    Returns
    -------
    dict of str to int
        By projection; 0 where there is no variance to hold.
    """
    # Sums of shares may miss 1 by rounding.
    reached = explained_variance[explained_variance["cumulative"] >= share - 1e-12]
    first = reached.groupby("projection")["component"].min()
    names = explained_variance["projection"].unique()
    return {str(name): int(first.get(name, 0)) for name in names}


def _with_fixed_signs(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    # Of equally large coordinates the first decides, whichever rounding made larger.
    magnitudes = np.abs(axes)
    largest = magnitudes.max(axis=1, keepdims=True)
    strongest = (magnitudes >= _TIED_ABOVE * largest).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), strongest])
    return axes * signs[:, np.newaxis]
