"""The random order of the images of each unseen class, by which support sets are cut.

The images of a group (copies, one sample) stay side by side, so that no image is scored by another
one that belongs together with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import class_labels

# Images of a class, or all of them but a share that is held out to be scored.
SupportSize = int | Literal["all"]


@dataclass(frozen=True)
class RandomPlaces:
    """Where each unseen image stands in the random order of its class, in each draw.

    Attributes
    ----------
    class_names : ndarray of str, shape (classes,)
    members, groups : ndarray of int, shape (images,)
        The class, ascending, and the group; a group is of one class.
    place, group_start, group_end : ndarray of int, shape (draws, images)
        Of the image, of the first of its group, and past the last of its group.
    """

    class_names: NDArray[np.str_]
    members: NDArray[np.intp]
    groups: NDArray[np.intp]
    place: NDArray[np.intp]
    group_start: NDArray[np.intp]
    group_end: NDArray[np.intp]

    def any_of_class(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell of which classes any image is chosen, shape (draws, images) to (draws, classes)."""
        firsts = np.searchsorted(self.members, np.arange(len(self.class_names)))
        any_chosen: NDArray[np.bool_] = np.logical_or.reduceat(chosen, firsts, axis=1)
        return any_chosen


def draw_places(unseen: pd.DataFrame, draws: int, seed: int) -> RandomPlaces:
    """Put the images of each class in random order, group after group.

    Parameters
    ----------
    unseen : DataFrame
        ``image_id``, ``class_name``, and perhaps ``group``; the rows sorted by class.
    draws, seed : int
    """
    class_names, members = np.unique(class_labels(unseen), return_inverse=True)
    ids = unseen["image_id"].astype("str")
    named = unseen["group"].astype("str").fillna(ids) if "group" in unseen else ids
    groups = pd.MultiIndex.from_arrays([members, named]).factorize()[0]
    images, sizes = len(unseen), np.bincount(groups)
    firsts = np.searchsorted(members, members)
    random = np.random.default_rng(seed)
    group_keys = random.random((draws, len(sizes)))
    image_keys = random.random((draws, images))
    place = np.empty((draws, images), dtype=np.intp)
    group_start = np.full((draws, len(sizes)), images)
    for draw in range(draws):
        order = np.lexsort((image_keys[draw], group_keys[draw, groups], members))
        place[draw, order] = np.arange(images) - firsts
        np.minimum.at(group_start[draw], groups, place[draw])
    start = group_start[:, groups]
    return RandomPlaces(class_names, members, groups, place, start, start + sizes[groups])


def cut_support(
    places: RandomPlaces, size: SupportSize, held_out_share: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which images support and which are scored, each of shape (draws, images).

    None of a class for which any draw leaves nothing to support or to score.
    """
    if size == "all":
        counts = np.bincount(places.members)
        held_out = np.maximum(1, np.rint(held_out_share * counts)).astype(np.intp)
        end = (counts - held_out)[places.members]
        support, scored = places.group_end <= end, places.place >= end
    else:
        support, scored = places.place < size, places.group_start >= size
    fits = np.all(places.any_of_class(support) & places.any_of_class(scored), axis=0)
    return support & fits[places.members], scored & fits[places.members]
