"""Convex hulls of a few points in two or three dimensions, however flat they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLAT_BELOW = 1e-9


@dataclass(frozen=True)
class Hull:
    """The convex hull of points.

    Attributes
    ----------
    vertices : ndarray of float64, shape (vertices, dimensions)
        The corners. Of a flat hull they go round its polygon; of points on a line they are its
        two ends; of points in one place they are that place.
    triangles : ndarray of int, shape (triangles, 3)
        Positions of the vertices that span the hull's surface; none for a line or a place.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.intp]


def convex_hull(points: ArrayLike) -> Hull:
    """Compute the convex hull of points (Qhull, Barber et al. 1996, doi:10.1145/235815.235821).

    Parameters
    ----------
    points : array, shape (points, dimensions)
        Of two or three dimensions. They may lie in a plane, on a line or in one place.

    Raises
    ------
    ValueError
        If there are no points, or in other than two or three dimensions.
    """
    from scipy.spatial import ConvexHull

    matrix = np.asarray(points, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) == 0 or matrix.shape[1] not in (2, 3):
        raise ValueError(f"a hull needs points in 2 or 3 dimensions, not shape {matrix.shape}")
    centred = matrix - matrix.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    smallest = _FLAT_BELOW * max(float(np.abs(matrix).max()), float(singular[0]))
    rank = int((singular > smallest).sum())
    within = centred @ axes[:rank].T
    if rank == 0:
        return Hull(matrix[:1], _no_triangles())
    if rank == 1:
        ends = [int(within[:, 0].argmin()), int(within[:, 0].argmax())]
        return Hull(matrix[ends], _no_triangles())
    hull = ConvexHull(within)
    vertices = matrix[hull.vertices]
    if rank == 2:
        return Hull(vertices, _fan(len(vertices)))
    return Hull(vertices, np.searchsorted(hull.vertices, hull.simplices))


def _no_triangles() -> NDArray[np.intp]:
    return np.empty((0, 3), dtype=np.intp)


def _fan(corners: int) -> NDArray[np.intp]:
    second = np.arange(1, corners - 1)
    return np.stack([np.zeros_like(second), second, second + 1], axis=1)
