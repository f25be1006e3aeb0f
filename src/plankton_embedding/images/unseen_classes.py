"""Unseen classes: kept from training with all that would give them away."""

from __future__ import annotations

import logging
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.errors import UserError
from plankton_embedding.images.groups import group_copies
from plankton_embedding.images.split_names import DROPPED, UNSEEN

logger = logging.getLogger(__name__)

# An embedding tells classes apart.
_FEWEST_CLASSES = 2
_NEAREST_NAMES = 3


class UnseenClassError(UserError):
    """``split.unseen_classes`` names no class, or leaves too few."""


def choose_unseen_classes(
    sizes: pd.Series, large_enough: pd.Series, wanted: list[str] | int, seed: int
) -> list[str]:
    """Choose the classes that training never sees.

    Of a count the classes are ranked by a hash of the seed and their name, and the first are
    taken: so a larger count adds classes and exchanges none.

    Parameters
    ----------
    sizes
        Images of each class, by its name.
    large_enough
        Of each class, whether it may be chosen where only a count is wanted.
    wanted
        Names, or a count.
    seed
        Another seed chooses others.

    Returns
    -------
    list of str
        Sorted.

    Raises
    ------
    UnseenClassError
        If there is no such class, or there are fewer.
    """
    names = sizes.index[large_enough.to_numpy(dtype=bool)]
    if isinstance(wanted, int):
        _check_count(wanted, len(names))
        return sorted(_ranked(names, seed)[:wanted])
    _check_names(wanted, sizes.index)
    return sorted(set(wanted))


def set_unseen_aside(
    images: pd.DataFrame, duplicates: pd.DataFrame, unseen_classes: list[str]
) -> npt.NDArray[np.object_]:
    """Set the images of unseen classes aside, and copies of them in other classes.

    A copy of an unseen image is a wrong label, or a picture of two animals: trained on, it would
    show what is not to be seen. Copies of copies count. An image of the same sample or camera
    frame is another picture of another animal, and stays.

    Parameters
    ----------
    images
        ``image_id`` and ``class_name``, sorted by image_id.
    duplicates
        ``image_id`` and ``duplicate_of``.
    unseen_classes
        Their names.

    Returns
    -------
    object array, one an image
        "unseen", "dropped" (a copy in another class) or "": not aside.

    Raises
    ------
    UnseenClassError
        If fewer than two classes are left.
    """
    unseen = images["class_name"].isin(unseen_classes).to_numpy(dtype=bool)
    copies_of = group_copies(images, duplicates)
    dropped = np.isin(copies_of, copies_of[unseen]) & ~unseen
    if dropped.any():
        counts = images.loc[dropped, "class_name"].value_counts()
        logger.warning(
            "Dropped %d images that are copies of images of unseen classes: %s",
            *(dropped.sum(), ", ".join(f"{count} of {name}" for name, count in counts.items())),
        )
    left = images.loc[~unseen & ~dropped, "class_name"].nunique()
    if unseen_classes and left < _FEWEST_CLASSES:
        raise UnseenClassError(
            f"split.unseen_classes leaves {left} of {images['class_name'].nunique()} classes to "
            f"train on; an embedding needs {_FEWEST_CLASSES} or more. Name fewer."
        )
    return np.select([unseen, dropped], [UNSEEN, DROPPED], "").astype(object)


def _ranked(names: pd.Index, seed: int) -> list[str]:
    ordered = names.to_numpy(dtype=object)
    hashes = pd.util.hash_array(ordered, hash_key=f"{seed:016d}")
    return ordered[np.lexsort((ordered.astype(str), hashes))].tolist()


def _check_count(wanted: int, there: int) -> None:
    if wanted > there:
        raise UnseenClassError(
            f"split.unseen_classes is {wanted}, but {there} classes are large enough to be split "
            "as asked. Lower it, or name the classes: named ones may have any size; or use "
            "`small_classes: proportional`."
        )


def _check_names(wanted: list[str], known: pd.Index) -> None:
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UnseenClassError(
            "split.unseen_classes names what is no class with usable images: "
            + "; ".join(f"{name!r} ({_nearest(name, known)})" for name in missing)
            + "."
        )


def _nearest(name: str, known: pd.Index) -> str:
    plain = {str(other).casefold(): str(other) for other in known}
    near = get_close_matches(name.casefold(), plain, n=_NEAREST_NAMES, cutoff=0)
    return "nearest: " + ", ".join(repr(plain[other]) for other in near)
