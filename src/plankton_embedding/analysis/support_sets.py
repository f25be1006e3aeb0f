"""Support sets: the few images of a class that a network never saw by which it is to be known.

The sets hang on the table of images and the seed alone, not on vectors: so different embeddings of
the same images are measured on the very same sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import EmbeddingsError, class_labels
from plankton_embedding.analysis.neighbours import unique_image_ids
from plankton_embedding.analysis.open_set import open_set_images

# Images of a class, or all of them but a share that is held out to be scored.
SupportSize = int | Literal["all"]


@dataclass(frozen=True)
class SupportSets:
    """Which images support and which are scored, at each size and draw.

    Rows are those of the table of images; classes are rows of ``class_names``.

    Attributes
    ----------
    class_names : ndarray of str, shape (classes,)
        Seen and unseen classes, in ascending order, which is also the order that breaks ties.
    is_unseen : ndarray of bool, shape (classes,)
    members : ndarray of int, shape (images,)
        The class of each image; −1 for one that has no part in it.
    reference_rows, test_rows, unseen_rows : ndarray of int
        Validation images, which are the references of the seen classes; test images of seen
        classes, which are scored; images of unseen classes.
    sizes : tuple of str
        "1", "5", …, "all": those that a class is large enough for.
    is_support, is_scored : ndarray of bool, shape (sizes, draws, unseen rows)
        An unseen image may be neither: it belongs together with one of the support set, or its
        class is too small.
    left_out : DataFrame
        ``support`` and ``class_name`` of each class that is too small for a size, ``images`` it
        has and ``groups`` they form.
    """

    class_names: NDArray[np.str_]
    is_unseen: NDArray[np.bool_]
    members: NDArray[np.intp]
    reference_rows: NDArray[np.intp]
    test_rows: NDArray[np.intp]
    unseen_rows: NDArray[np.intp]
    sizes: tuple[str, ...]
    is_support: NDArray[np.bool_]
    is_scored: NDArray[np.bool_]
    left_out: pd.DataFrame


def zero_shot_images(
    embeddings: pd.DataFrame, step: int, splits: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the validation, test and unseen embeddings of a step, with their groups.

    Parameters
    ----------
    embeddings : DataFrame
    step : int
    splits : DataFrame or None
        ``image_id`` and perhaps ``group``: images of one group belong together (copies, one
        sample). Where it is missing an image is a group of its own.

    Returns
    -------
    DataFrame
        The rows of ``embeddings`` with ``group``, a text.

    Raises
    ------
    EmbeddingsError
        If there are no validation, test or unseen images, an image stands there twice, or an
        unseen image is of a class that validation has.
    """
    images = open_set_images(embeddings, step)
    ids = unique_image_ids(images)
    if not (images["split"] == "unseen").any():
        raise EmbeddingsError(
            f"no unseen embeddings of step {step}: name the classes to leave out of training in "
            "unseen_classes, and run data_engineering and modelling again"
        )
    groups = pd.Series(ids, index=ids, dtype="str")
    if splits is not None and "group" in splits:
        named = splits.set_axis(splits["image_id"].astype(str))["group"].dropna().astype("str")
        groups.update(named[~named.index.duplicated()])
    return images.assign(group=groups.to_numpy())


def draw_support_sets(
    images: pd.DataFrame,
    sizes: Sequence[SupportSize],
    held_out_share: float,
    draws: int,
    seed: int,
) -> SupportSets:
    """Draw support sets of the unseen classes.

    In each draw the images of a class are put in random order, group after group. The first n
    are its support set; what remains is scored, without the rest of the last image's group. So
    sets grow: the five images contain the one. At "all" the last ``held_out_share`` of the images
    are scored (at least one), and those before them, less the rest of their first one's group,
    are the support set. A class for which any draw leaves nothing to support or to score is
    left out at that size, and named.

    Parameters
    ----------
    images : DataFrame
        ``image_id``, ``class_name``, ``split`` ("validation", "test", "unseen"; others have no
        part in it) and perhaps ``group``.
    sizes : sequence of int or "all"
        Images a class, each at least 1.
    held_out_share : float
        Above 0, below 1.
    draws : int
        At least 1.
    seed : int

    Raises
    ------
    ValueError
        If a size, the share or the number of draws is impossible.
    """
    if not sizes or any(size != "all" and size < 1 for size in sizes):
        raise ValueError(f"support sets of {list(sizes)} images: give sizes of at least 1, or all")
    if draws < 1 or not 0 < held_out_share < 1:
        raise ValueError(
            f"{draws} draws, {held_out_share} held out: at least one draw, a share within 0 and 1"
        )
    split, labels = images["split"].to_numpy(dtype=object), class_labels(images)
    reference_rows = np.flatnonzero(split == "validation")
    seen = np.unique(labels[reference_rows])
    unseen_rows = np.flatnonzero(split == "unseen")
    # In an order of their own: the draws do not hang on the order of the table.
    ids = images["image_id"].astype(str).to_numpy(dtype=object)
    unseen_rows = unseen_rows[np.lexsort((ids[unseen_rows], labels[unseen_rows]))]
    places = _draw_places(images.iloc[unseen_rows], draws, seed)
    cuts = [_cut(places, size, held_out_share) for size in sizes]
    used = [number for number, (support, _) in enumerate(cuts) if support.any()]
    class_names = np.union1d(seen, labels[unseen_rows])
    return SupportSets(
        class_names=class_names,
        is_unseen=~np.isin(class_names, seen),
        members=np.where(np.isin(labels, class_names), np.searchsorted(class_names, labels), -1),
        reference_rows=reference_rows,
        test_rows=np.flatnonzero((split == "test") & np.isin(labels, seen)),
        unseen_rows=unseen_rows,
        sizes=tuple(str(sizes[number]) for number in used),
        is_support=np.array([cuts[number][0] for number in used]),
        is_scored=np.array([cuts[number][1] for number in used]),
        left_out=_name_left_out(places, sizes, [support for support, _ in cuts]),
    )


@dataclass(frozen=True)
class _Places:
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
        """Tell of which classes any image is chosen, shapes (draws, images) and (…, classes)."""
        firsts = np.searchsorted(self.members, np.arange(len(self.class_names)))
        return np.logical_or.reduceat(chosen, firsts, axis=1)


def _draw_places(unseen: pd.DataFrame, draws: int, seed: int) -> _Places:
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
    return _Places(class_names, members, groups, place, start, start + sizes[groups])


def _cut(
    places: _Places, size: SupportSize, held_out_share: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which images support and which are scored, each of shape (draws, images)."""
    if size == "all":
        counts = np.bincount(places.members)
        held_out = np.maximum(1, np.rint(held_out_share * counts)).astype(np.intp)
        end = (counts - held_out)[places.members]
        support, scored = places.group_end <= end, places.place >= end
    else:
        support, scored = places.place < size, places.group_start >= size
    fits = (places.any_of_class(support) & places.any_of_class(scored)).all(axis=0)
    return support & fits[places.members], scored & fits[places.members]


def _name_left_out(
    places: _Places, sizes: Sequence[SupportSize], supports: list[NDArray[np.bool_]]
) -> pd.DataFrame:
    images = np.bincount(places.members)
    groups = np.bincount(places.members[np.unique(places.groups, return_index=True)[1]])
    rows = [
        (str(size), str(places.class_names[position]), images[position], groups[position])
        for size, support in zip(sizes, supports, strict=True)
        for position in np.flatnonzero(~places.any_of_class(support)[0])
    ]
    table = pd.DataFrame(rows, columns=["support", "class_name", "images", "groups"])
    return table.astype({"support": "str", "class_name": "str", "images": int, "groups": int})
