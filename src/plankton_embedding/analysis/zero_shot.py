"""Zero-shot evaluation: how well classes that the network never saw are told by a few images.

Seen classes are known by all of their validation images, unseen ones by a support set of n images
that is drawn again and again. Every accuracy is the mean over classes, as usual here (Xian et al.
2018, "Zero-shot learning: a comprehensive evaluation of the good, the bad and the ugly",
arXiv:1707.00600, sections 4.3 and 4.4), so that a large class counts no more than a small one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from plankton_embedding.analysis.centroids import fit_centroids
from plankton_embedding.analysis.left_out_distances import finite_vectors, row_chunks
from plankton_embedding.analysis.neighbours import nearest_in_rows, squared_distance_chunks
from plankton_embedding.analysis.support_sets import SupportSets
from plankton_embedding.analysis.votes import most_frequent

METHODS = ("nearest_centroid", "nearest_neighbours")
MEASURES = (
    "unseen_among_unseen",
    "unseen_among_all",
    "seen_among_all",
    "harmonic_mean",
    "seen_among_seen",
)
_INTERVAL = (0.025, 0.975)


def compare_zero_shot(
    vectors: Mapping[str, ArrayLike], sets: SupportSets, neighbours: int
) -> pd.DataFrame:
    """Measure several embeddings of the same images on the same support sets.

    Parameters
    ----------
    vectors : mapping of str to array, each of shape (images, features of its own)
        By what made them: "trained", "untrained", "raw pixels". Rows as in the table of images
        that the sets were drawn from.
    sets : SupportSets
    neighbours : int
        See `measure_zero_shot`.

    Returns
    -------
    DataFrame
        That of `measure_zero_shot` for each, with ``vectors`` in front.
    """
    parts = []
    for name, matrix in vectors.items():
        part = measure_zero_shot(matrix, sets, neighbours)
        part.insert(0, "vectors", pd.Series(name, index=part.index, dtype="str"))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def measure_zero_shot(vectors: ArrayLike, sets: SupportSets, neighbours: int) -> pd.DataFrame:
    """Measure how well seen and unseen classes are told, at each size of the support sets.

    Classes are told by the nearest centroid, and by the most frequent class among the nearest
    ``min(neighbours, n)`` reference images (of equally frequent ones the first by name; at "all",
    n is the smallest support set). References are the validation images of seen classes, all of
    them, and the support sets; scored are the test images of seen classes and the images of
    unseen classes that `SupportSets` says.

    Parameters
    ----------
    vectors : array, shape (images, features)
        Rows as in the table of images that the sets were drawn from.
    sets : SupportSets
    neighbours : int
        At least 1.

    Returns
    -------
    DataFrame
        One row a method, size and measure: ``method`` (`METHODS`), ``support`` ("1", …, "all"),
        ``support_images``, the mean size of a support set, ``unseen_classes`` and
        ``seen_classes``, ``measure`` (`MEASURES`): accuracy of unseen images among the unseen
        classes and among all; of seen images among all classes; the harmonic mean of these two;
        of seen images among seen classes; ``mean`` over draws, ``low`` and ``high``, the 2.5 %
        and 97.5 % quantiles over draws (linear between them): what one set of n images can
        bring, not how sure the mean is, and without the chance in which images were scored;
        ``draws``. Missing where there are no test images.

    Raises
    ------
    ValueError
        If there is not one vector an image of the sets' table, or a value is NaN or infinite.
    """
    matrix = finite_vectors(vectors)
    if len(matrix) != len(sets.members) or neighbours < 1:
        raise ValueError(
            f"{len(matrix)} vectors for {len(sets.members)} images, {neighbours} neighbours: give "
            "one vector an image, and at least one neighbour"
        )
    rows = []
    for method, find in (("nearest_centroid", _by_centroids), ("nearest_neighbours", _by_votes)):
        hits = _Hits.none(sets)
        find(matrix, sets, neighbours, hits)
        rows += [{"method": method, **row} for row in _summarise(sets, hits)]
    columns = ["method", "support", "support_images", "unseen_classes", "seen_classes", "measure"]
    table = pd.DataFrame(rows, columns=[*columns, "mean", "low", "high", "draws"])
    return table.astype({"method": "str", "support": "str", "measure": "str"})


@dataclass(frozen=True)
class _Hits:
    """Which images get their class; of shape (sizes, draws, images) or (sizes, images).

    The first images are the test images, then come the unseen ones; among the unseen classes
    the unseen ones only.
    """

    among_all: NDArray[np.bool_]
    among_unseen: NDArray[np.bool_]
    among_seen: NDArray[np.bool_]

    @classmethod
    def none(cls, sets: SupportSets) -> _Hits:
        sizes, draws = sets.is_support.shape[:2]
        tested, unseen = len(sets.test_rows), len(sets.unseen_rows)
        shapes = ((sizes, draws, tested + unseen), (sizes, draws, unseen), (sizes, tested))
        return cls(*(np.zeros(shape, dtype=np.bool_) for shape in shapes))
