"""Duplicates: files of the same bytes, and pictures that look the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from plankton_embedding.images.near_hashes import Pairs, find_near_pairs, hamming_distance
from plankton_embedding.parameters import DuplicateOptions

EXACT, NEAR = "exact", "near"
_COLUMNS = {
    "image_id": "str",
    "class_name": "str",
    "duplicate_of": "str",
    "class_name_of_other": "str",
    "kind": "str",
    "distance": "int8",
    "label_conflict": "bool",
}


def find_duplicates(accepted_images: pd.DataFrame, options: DuplicateOptions) -> pd.DataFrame:
    """Find images that are copies of others, in their class or in another.

    Exact copies have the same bytes. Near copies have perceptual hashes that differ in at most
    ``max_distance`` bits, and sizes that differ by at most ``max_size_difference`` of the longer
    side; a copy of a copy is a copy.

    Parameters
    ----------
    accepted_images
        ``image_id``, ``class_name``, ``sha256``, ``perceptual_hash``, ``width``, ``height``.
    options
        What a near copy is.

    Returns
    -------
    DataFrame, one row a copy, sorted by the original and image_id: ``image_id``, ``class_name``,
    ``duplicate_of`` (the copy whose image_id comes first), ``class_name_of_other`` (its class),
    ``kind`` (exact or near), ``distance`` (bits between the two hashes), ``label_conflict`` (the
    same picture under two classes).
    """
    images = accepted_images.sort_values("image_id", ignore_index=True)
    hashes = _as_numbers(images["perceptual_hash"])
    sizes = images[["width", "height"]].to_numpy(dtype=np.int64)
    exact = _pairs_of_equal(images["sha256"].to_numpy(dtype=object))
    alike = _pairs_of_alike(hashes, sizes, options)
    original = first_of_group(len(images), [exact, alike])
    copies = np.flatnonzero(original != np.arange(len(images)))
    other = original[copies]
    sha256 = images["sha256"].to_numpy(dtype=object)
    names = images["class_name"].to_numpy(dtype=object)
    table = pd.DataFrame(
        {
            "image_id": images["image_id"].to_numpy(dtype=object)[copies],
            "class_name": names[copies],
            "duplicate_of": images["image_id"].to_numpy(dtype=object)[other],
            "class_name_of_other": names[other],
            "kind": np.where(sha256[copies] == sha256[other], EXACT, NEAR),
            "distance": hamming_distance(hashes[copies], hashes[other]),
            "label_conflict": names[copies] != names[other],
        }
    ).astype(_COLUMNS)
    return table.sort_values(["duplicate_of", "image_id"], ignore_index=True)


def first_of_group(count: int, pairs: list[Pairs]) -> npt.NDArray[np.int64]:
    """Join what pairs connect.

    Parameters
    ----------
    count
        Of things, numbered from 0.
    pairs
        Numbers of things that belong together.

    Returns
    -------
    int64 array, count
        Of each thing, the lowest number in its group.
    """
    left = np.concatenate([pair[0] for pair in pairs])
    right = np.concatenate([pair[1] for pair in pairs])
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(count, count))
    groups = connected_components(graph, directed=False)[1]
    _, first = np.unique(groups, return_index=True)
    joined: npt.NDArray[np.int64] = first[groups].astype(np.int64)
    return joined


def _as_numbers(hashes: pd.Series) -> npt.NDArray[np.uint64]:
    packed = bytes.fromhex("".join(hashes))
    return np.frombuffer(packed, dtype=">u8").astype(np.uint64)


def _pairs_of_equal(values: npt.NDArray[np.object_]) -> Pairs:
    codes, _ = pd.factorize(values)
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    return order[:-1][same], order[1:][same]


def _pairs_of_alike(
    hashes: npt.NDArray[np.uint64], sizes: npt.NDArray[np.int64], options: DuplicateOptions
) -> Pairs:
    # By size within equal hashes: neighbours of about one size form a chain, however many.
    order = np.lexsort((sizes[:, 1], sizes[:, 0], hashes))
    linked = hashes[order][1:] == hashes[order][:-1]
    linked &= _of_one_size(sizes[order][1:], sizes[order][:-1], options.max_size_difference)
    chained = order[:-1][linked], order[1:][linked]
    if not options.max_distance:
        return chained
    # Of each chain one is compared with those of other hashes.
    heads = order[np.concatenate([[True], ~linked])] if len(order) else order
    left, right = find_near_pairs(hashes[heads], options.max_distance)
    left, right = heads[left], heads[right]
    near = _of_one_size(sizes[left], sizes[right], options.max_size_difference)
    return np.concatenate([chained[0], left[near]]), np.concatenate([chained[1], right[near]])


def _of_one_size(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], max_difference: float
) -> npt.NDArray[np.bool_]:
    longest = np.maximum(left, right).max(axis=1, initial=0)
    of_one_size: npt.NDArray[np.bool_] = np.abs(left - right).max(axis=1, initial=0) <= (
        max_difference * longest
    )
    return of_one_size
