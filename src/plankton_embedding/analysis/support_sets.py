"""Support sets: the few images of a class that a network never saw by which it is to be known.

The sets hang on the table of images and the seed alone, not on vectors: so different embeddings of
the same images are measured on the very same sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plankton_embedding.analysis.embedding_tables import EmbeddingsError, class_labels
from plankton_embedding.analysis.neighbours import unique_image_ids
from plankton_embedding.analysis.open_set import open_set_images
from plankton_embedding.analysis.support_order import (
    RandomPlaces,
    SupportSize,
    cut_support,
    draw_places,
)


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

    def scored_rows(self) -> NDArray[np.intp]:
        """Return the test images and, behind them, all images of unseen classes."""
        return np.concatenate([self.test_rows, self.unseen_rows])

    def is_class(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return 1 where a row is of a class, else 0; shape (rows, classes)."""
        of_class = self.members[rows, np.newaxis] == np.arange(len(self.class_names))
        return of_class.astype(np.float64)


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
        If there are no validation or test images, an image stands there twice, or an unseen
        image is of a class that validation has.
    """
    images = open_set_images(embeddings, step)
    ids = unique_image_ids(images)
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
    EmbeddingsError
        If there are no validation or no unseen images, or a class has both.
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
    _check_classes(seen, np.unique(labels[unseen_rows]))
    # In an order of their own: the draws do not hang on the order of the table.
    ids = images["image_id"].astype(str).to_numpy(dtype=object)
    unseen_rows = unseen_rows[np.lexsort((ids[unseen_rows], labels[unseen_rows]))]
    places = draw_places(images.iloc[unseen_rows], draws, seed)
    cuts = [cut_support(places, size, held_out_share) for size in sizes]
    used = [number for number, (support, _) in enumerate(cuts) if support.any()]
    shape = (len(used), draws, len(unseen_rows))
    class_names = np.union1d(seen, labels[unseen_rows])
    return SupportSets(
        class_names=class_names,
        is_unseen=~np.isin(class_names, seen),
        members=np.where(np.isin(labels, class_names), np.searchsorted(class_names, labels), -1),
        reference_rows=reference_rows,
        test_rows=np.flatnonzero((split == "test") & np.isin(labels, seen)),
        unseen_rows=unseen_rows,
        sizes=tuple(str(sizes[number]) for number in used),
        is_support=np.array([cuts[number][0] for number in used]).reshape(shape),
        is_scored=np.array([cuts[number][1] for number in used]).reshape(shape),
        left_out=_name_left_out(places, sizes, [support for support, _ in cuts]),
    )


def _check_classes(seen: NDArray[np.str_], unseen: NDArray[np.str_]) -> None:
    both = np.intersect1d(seen, unseen).tolist()
    if both or not seen.size or not unseen.size:
        what = f"{both} are both" if both else f"{seen.size} seen, {unseen.size} unseen classes"
        raise EmbeddingsError(
            f"{what}: zero-shot evaluation needs validation images of classes that the network "
            "saw and unseen images of others. Name those to leave out of training in "
            "unseen_classes, and run data_engineering and modelling again"
        )


def nothing_left_out() -> pd.DataFrame:
    """Return `SupportSets.left_out` without rows: no class is unseen."""
    return pd.DataFrame(columns=["support", "class_name", "images", "groups"])


def _name_left_out(
    places: RandomPlaces, sizes: Sequence[SupportSize], supports: list[NDArray[np.bool_]]
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
