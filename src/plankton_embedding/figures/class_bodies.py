"""Surfaces that stand for a class in three dimensions: its sphere or its ellipsoid."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Few corners: an animation holds a surface for each class at each step.
_MERIDIANS, _RINGS = 8, 5
_HELD_BY_ELLIPSOID = 0.5


@lru_cache(maxsize=1)
def unit_sphere() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return a sphere of radius 1 around the origin, of few corners.

    Returns
    -------
    vertices : ndarray of float64, shape (42, 3)
        The two poles come last.
    triangles : ndarray of int, shape (80, 3)
        Positions of the vertices that span them.
    """
    heights = np.pi * np.arange(1, _RINGS + 1) / (_RINGS + 1)
    turns = 2 * np.pi * np.arange(_MERIDIANS) / _MERIDIANS
    height, turn = (grid.ravel() for grid in np.meshgrid(heights, turns, indexing="ij"))
    rings = np.stack(
        [np.sin(height) * np.cos(turn), np.sin(height) * np.sin(turn), np.cos(height)], axis=1
    )
    here = np.arange(_MERIDIANS)
    right = (here + 1) % _MERIDIANS
    first = _MERIDIANS * np.arange(_RINGS - 1)[:, np.newaxis]
    upper, upper_right = (first + here).ravel(), (first + right).ravel()
    lower, lower_right = upper + _MERIDIANS, upper_right + _MERIDIANS
    north, south = len(rings), len(rings) + 1
    last = _MERIDIANS * (_RINGS - 1)
    triangles = [
        np.stack([upper, lower, upper_right], axis=1),
        np.stack([upper_right, lower, lower_right], axis=1),
        np.stack([np.full(_MERIDIANS, north), here, right], axis=1),
        np.stack([np.full(_MERIDIANS, south), last + right, last + here], axis=1),
    ]
    return np.concatenate([rings, [[0, 0, 1], [0, 0, -1]]]), np.concatenate(triangles)


def class_spheres(
    centroids: NDArray[np.float64], radii: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the corners of spheres of the classes' radii around their centroids.

    Parameters
    ----------
    centroids : ndarray of float64, shape (..., 3)
    radii : ndarray of float64, shape (...)

    Returns
    -------
    ndarray of float64, shape (..., 42, 3)
    """
    vertices, _ = unit_sphere()
    return centroids[..., np.newaxis, :] + radii[..., np.newaxis, np.newaxis] * vertices


def class_ellipsoids(
    centroids: NDArray[np.float64], covariances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the corners of ellipsoids that would hold half of normally distributed images.

    Half of a three-dimensional normal distribution lies within 1.54 standard deviations
    (Mahalanobis distance; its square has a chi-squared distribution).

    Parameters
    ----------
    centroids : ndarray of float64, shape (..., 3)
    covariances : ndarray of float64, shape (..., 3, 3)

    Returns
    -------
    ndarray of float64, shape (..., 42, 3)
    """
    from scipy.stats import chi2

    vertices, _ = unit_sphere()
    missing = np.isnan(covariances)
    variances, axes = np.linalg.eigh(np.where(missing, 0.0, covariances))
    lengths = np.sqrt(np.maximum(variances, 0) * chi2.ppf(_HELD_BY_ELLIPSOID, df=3))
    # The symmetric root: unlike the axes, which may swap, it changes smoothly from step to step.
    roots = (axes * lengths[..., np.newaxis, :]) @ np.swapaxes(axes, -1, -2)
    # Of a missing class the centroid is NaN, and so is every corner.
    return centroids[..., np.newaxis, :] + vertices @ roots
