"""Pairs of 64-bit hashes that differ in few bits, without comparing each with each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

_BITS = 64

Hashes = npt.NDArray[np.uint64]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def find_near_pairs(hashes: Hashes, max_distance: int) -> Pairs:
    """Find the pairs of hashes that differ in at most so many bits.

    Of `max_distance` + 1 bands of bits at least one is equal in such a pair (pigeonhole
    principle; Norouzi et al. 2012, "Fast search in Hamming space with multi-index hashing"), so
    only hashes that agree in a band are compared.

    Parameters
    ----------
    hashes
        n of them.
    max_distance
        In bits.

    Returns
    -------
    pair of int64 arrays
        Places in `hashes`; a pair may come more than once, and each way round.
    """
    edges = np.linspace(0, _BITS, max_distance + 2).astype(int).tolist()
    found = [_pairs_in_band(hashes, max_distance, low, high) for low, high in pairwise(edges)]
    left, right = zip(*found, strict=True)
    return np.concatenate(left), np.concatenate(right)


def hamming_distance(left: Hashes, right: Hashes) -> npt.NDArray[np.uint8]:
    """Return in how many bits hashes differ, pair by pair."""
    distance: npt.NDArray[np.uint8] = np.bitwise_count(left ^ right)
    return distance


def is_spot(hashes: Hashes, tolerance: int) -> npt.NDArray[np.bool_]:
    """Return which hashes are those of a single spot on an even ground, whatever it is.

    The cosine transform of such a picture is a product of one function of each direction, so the
    rows of its 8 x 8 signs are all the same or the opposite. The first bit, the brightness, does
    not count.

    Parameters
    ----------
    hashes
        n perceptual hashes.
    tolerance
        In bits.
    """
    rows = hashes.astype(">u8").view(np.uint8).reshape(-1, 8)
    distances = []
    for brightness in (0, 0x80):
        first = (rows[:, :1] & 0x7F) | brightness
        apart = np.bitwise_count(rows[:, 1:] ^ first)
        distances.append(np.minimum(apart, 8 - apart).sum(axis=1))
    nearest: npt.NDArray[np.bool_] = np.minimum(*distances) <= tolerance
    return nearest


def _pairs_in_band(hashes: Hashes, max_distance: int, low: int, high: int) -> Pairs:
    mask = np.uint64((1 << (high - low)) - 1)
    band = (hashes >> np.uint64(low)) & mask
    order = np.argsort(band, kind="stable")
    band, values = band[order], hashes[order]
    left, right = [], []
    first = np.arange(len(order) - 1)
    apart = 1
    # All neighbours in the order at once, then all that are two apart, until none share a band.
    while len(first := first[first + apart < len(order)]):
        first = first[band[first] == band[first + apart]]
        near = first[hamming_distance(values[first], values[first + apart]) <= max_distance]
        left.append(order[near])
        right.append(order[near + apart])
        apart += 1
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *left]), np.concatenate([empty, *right])
