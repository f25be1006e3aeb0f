"""Allocation: whole groups of images to splits, so that each class comes near to its quotas."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from plankton_embedding.images.quotas import FEWEST_TO_TRAIN

_Counts = list[tuple[int, int]]


def allocate_groups(
    classes: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    quotas: pd.DataFrame,
    order: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Give each group to validation, test or training.

    Groups are taken in their order. Each goes to validation if that brings its classes nearer to
    their quotas there, else to test if it does so there, else it trains; nearer is measured as a
    share of each class's quota, so that rare classes count as much as common ones (after Sechidis
    et al. 2011, "On the stratification of multi-label data"). A group that a class needs to train
    on is not held out. Where every group is one image, the first of each class validate, the next
    test.

    Parameters
    ----------
    classes
        Class number of each image.
    groups
        Group number of each image, from 0.
    quotas
        ``validation`` and ``test`` of each class, in the order of the class numbers.
    order
        Group numbers, the first to be given first.

    Returns
    -------
    int64 array, one an image
        0: trains, 1: validates, 2: tests.
    """
    counts = _count_classes(classes, groups)
    wanted = [quotas["validation"].tolist(), quotas["test"].tolist()]
    left = [list(quota) for quota in wanted]
    spare = (np.bincount(classes, minlength=len(quotas)) - FEWEST_TO_TRAIN).tolist()
    split = np.zeros(len(counts), dtype=np.int64)
    for group in order.tolist():
        held = counts[group]
        if any(spare[name] < images for name, images in held):
            continue
        for number in (0, 1):
            if _brings_nearer(held, wanted[number], left[number]):
                split[group] = number + 1
                for name, images in held:
                    left[number][name] -= images
                    spare[name] -= images
                break
    return split[groups]


def _brings_nearer(held: _Counts, wanted: list[int], left: list[int]) -> bool:
    gain = 0.0
    for name, images in held:
        needed = min(images, max(0, left[name]))
        gain += (needed - (images - needed)) / wanted[name]
    return gain > 0


def _count_classes(classes: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> list[_Counts]:
    """Return of each group its classes and how many images it has of them."""
    classes_in_all = int(classes.max(initial=0)) + 1
    pairs, images = np.unique(groups * classes_in_all + classes, return_counts=True)
    counts: list[_Counts] = [[] for _ in range(int(groups.max(initial=-1)) + 1)]
    for pair, number in zip(pairs.tolist(), images.tolist(), strict=True):
        group, name = divmod(pair, classes_in_all)
        counts[group].append((name, number))
    return counts
