"""What one must know of the classes of a collection, and of its duplicates, in plain words."""

from __future__ import annotations

import pandas as pd

from plankton_embedding.analysis.findings import NAMED, Finding, name_some
from plankton_embedding.images.duplicates import EXACT
from plankton_embedding.wording import counted

# Below: too few to learn a class from without pretrained weights, or to judge it by.
_FEW_TO_TRAIN, _FEW_TO_TEST = 20, 10
_IMBALANCE = 20


def findings_of_duplicates(duplicates: pd.DataFrame) -> list[Finding]:
    """List what `find_duplicates` found."""
    found = []
    conflicts = duplicates[duplicates["label_conflict"]]
    if len(conflicts):
        names = conflicts[["class_name", "class_name_of_other"]]
        pairs = names.min(axis=1) + " and " + names.max(axis=1)
        worst = pairs.value_counts().head(NAMED)
        named = "; ".join(f"{count} × {pair}" for pair, count in worst.items())
        found.append(
            Finding(
                "problem",
                f"The same picture stands under two classes, {counted(len(conflicts), 'pair')}: "
                f"{named}.",
                "One of the two labels is wrong. Decide which, and take the other file away.",
            )
        )
    if len(duplicates):
        exact = int((duplicates["kind"] == EXACT).sum())
        found.append(
            Finding(
                "note",
                f"{counted(len(duplicates))} look like others: {exact:,} byte for byte the same, "
                f"{len(duplicates) - exact:,} with other bytes.",
                "Nothing to do: copies never stand on two sides of a split.",
            )
        )
    return found


def findings_of_classes(class_counts: pd.DataFrame) -> list[Finding]:
    """List what the counts of `count_classes` tell: of classes in use, dropped and unseen."""
    classes = class_counts[class_counts["class_name"] != ""].set_index("class_name")
    # Of a class in use, only copies of unseen images are dropped.
    dropped = classes[(classes["dropped"] > 0) & (classes["train"] == 0)]
    unseen = classes[classes["unseen"] > 0]
    used = classes.drop(index=dropped.index.union(unseen.index))
    return [
        *_of_unseen_classes(unseen, used[used["dropped"] > 0]["dropped"]),
        *_of_dropped_classes(dropped),
        *_of_small_classes(used),
        *_of_unequal_classes(used),
    ]


def _of_dropped_classes(dropped: pd.DataFrame) -> list[Finding]:
    if dropped.empty:
        return []
    return [
        Finding(
            "warning",
            f"Classes dropped, too small to split: {name_some(dropped.index)}.",
            "Add images, merge classes, or use split.small_classes: proportional.",
        )
    ]


def _of_small_classes(used: pd.DataFrame) -> list[Finding]:
    found = []
    for split, few, needed in (
        ("train", _FEW_TO_TRAIN, "to learn"),
        ("test", _FEW_TO_TEST, "to judge"),
    ):
        small = used[used[split] < few]
        if len(small):
            found.append(
                Finding(
                    "warning",
                    f"Classes with fewer than {few} images {needed} from ({split}): "
                    f"{name_some(small.sort_values(split).index)}.",
                    "Their scores will be uncertain; add images if they matter.",
                )
            )
    return found


def _of_unequal_classes(used: pd.DataFrame) -> list[Finding]:
    if used.empty or used["train"].max() <= _IMBALANCE * max(1, used["train"].min()):
        return []
    largest, smallest = used["train"].idxmax(), used["train"].idxmin()
    return [
        Finding(
            "note",
            f"The classes are unequal: {used['train'].max():,} images of {largest} train, and "
            f"{used['train'].min():,} of {smallest}.",
            "The default batches draw classes equally. Read balanced accuracy, not accuracy.",
        )
    ]


def _of_unseen_classes(unseen: pd.DataFrame, copies: pd.Series) -> list[Finding]:
    found = []
    if len(unseen):
        images = counted(int(unseen["unseen"].sum()))
        found.append(
            Finding(
                "note",
                f"Training never sees {len(unseen)} of the classes ({images}): "
                f"{name_some(unseen.index)}.",
                "Asked for by split.unseen_classes: they show how the embedding tells new animals.",
            )
        )
    few = unseen[unseen["unseen"] < _FEW_TO_TEST]
    if len(few):
        found.append(
            Finding(
                "warning",
                f"Unseen classes with fewer than {_FEW_TO_TEST} images: {name_some(few.index)}.",
                "Their scores will be uncertain; name larger classes in split.unseen_classes.",
            )
        )
    if len(copies):
        named = "; ".join(f"{count:,} of {name}" for name, count in copies.head(NAMED).items())
        found.append(
            Finding(
                "warning",
                f"Dropped, as copies of unseen images: {counted(int(copies.sum()))} of classes "
                f"that train ({named}).",
                "Nothing unseen is trained on. Look at the copies below: one label is wrong.",
            )
        )
    return found
