"""Duplicates: files of the same bytes, and pictures that look the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.near_hashes import Pairs, find_near_pairs, hamming_distance, is_spot
from plankton_embedding.parameters import DuplicateOptions

EXACT, NEAR = "exact", "near"
# By size, of one hash, that a picture is compared with.
_NEIGHBOURS = 64
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
    side. Pictures of a single spot have one hash and may be of any animal: they are no near copies.

    Parameters
    ----------
    accepted_images
        ``image_id``, ``class_name``, ``sha256``, ``perceptual_hash``, ``width``, ``height``.
    options
        What a near copy is.

    Returns
    -------
    DataFrame, one row a pair, one row less than there are copies of a picture; sorted:
    ``image_id``, ``class_name``, ``duplicate_of`` (an image_id that comes before),
    ``class_name_of_other`` (its class), ``kind`` (exact or near), ``distance`` (bits between the
    two hashes), ``label_conflict`` (the same picture under two classes).
    """
    images = accepted_images.sort_values("image_id", ignore_index=True)
    hashes = _as_numbers(images["perceptual_hash"])
    sizes = images[["width", "height"]].to_numpy(dtype=np.int64)
    exact = _pairs_of_equal(images["sha256"].to_numpy(dtype=object))
    alike = _pairs_of_alike(hashes, sizes, options)
    copies, other = _spanning_pairs(hashes, exact, alike)
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


def _spanning_pairs(hashes: npt.NDArray[np.uint64], exact: Pairs, alike: Pairs) -> Pairs:
    """Return as few pairs as join what all of them join, the nearest: the later, the earlier."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    left, right = (np.concatenate(sides) for sides in zip(exact, alike, strict=True))
    # Below 1 for exact copies, so that those are kept; a weight of 0 would be no edge.
    weights = 1.0 + hamming_distance(hashes[left], hashes[right])
    weights[: len(exact[0])] = 0.5
    edges = pd.DataFrame({"a": np.minimum(left, right), "b": np.maximum(left, right), "w": weights})
    edges = edges.sort_values("w", kind="stable").drop_duplicates(["a", "b"])
    shape = (len(hashes), len(hashes))
    tree = minimum_spanning_tree(coo_array((edges["w"], (edges["a"], edges["b"])), shape)).tocoo()
    # Either way round.
    return np.maximum(tree.row, tree.col), np.minimum(tree.row, tree.col)


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
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

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
    _, first = np.unique(codes, return_index=True)
    place = np.arange(len(codes))
    again = first[codes] != place
    return place[again], first[codes][again]


def _pairs_of_alike(
    hashes: npt.NDArray[np.uint64], sizes: npt.NDArray[np.int64], options: DuplicateOptions
) -> Pairs:
    telling = np.flatnonzero(~is_spot(hashes, options.max_distance))
    hashes, sizes = hashes[telling], sizes[telling]
    order = np.lexsort((sizes[:, 1], sizes[:, 0], hashes))
    begins = _begins(hashes[order], sizes[order])
    heads = order[begins]
    # Pictures of one hash and size are compared with the first of them, and only that with others.
    left, right = [order], [heads[np.cumsum(begins) - 1]]
    ordered = hashes[heads]
    first = np.arange(len(heads))
    for apart in range(1, _NEIGHBOURS + 1):
        first = first[first + apart < len(heads)]
        first = first[ordered[first] == ordered[first + apart]]
        left.append(heads[first])
        right.append(heads[first + apart])
    if options.max_distance:
        near = find_near_pairs(ordered, options.max_distance)
        left.append(heads[near[0]])
        right.append(heads[near[1]])
    one, other = np.concatenate(left), np.concatenate(right)
    near_size = _of_one_size(sizes[one], sizes[other], options.max_size_difference)
    near_size &= one != other
    return telling[one[near_size]], telling[other[near_size]]


def _begins(hashes: npt.NDArray[np.uint64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which pictures, in order, differ from the one before in hash or size."""
    begins = np.ones(len(hashes), dtype=bool)
    begins[1:] = (hashes[1:] != hashes[:-1]) | (sizes[1:] != sizes[:-1]).any(axis=1)
    return begins


def _of_one_size(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], max_difference: float
) -> npt.NDArray[np.bool_]:
    longest = np.maximum(left, right).max(axis=1, initial=0)
    of_one_size: npt.NDArray[np.bool_] = np.abs(left - right).max(axis=1, initial=0) <= (
        max_difference * longest
    )
    return of_one_size
