"""What a report needs beside embeddings, where nothing but the embeddings was given."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from plankton_embedding.analysis.given_embeddings import read_given_embeddings

_SPLITS = ("train", "validation", "test", "unseen", "dropped")
_HISTORY_COLUMNS = (
    *("stage", "trained", "loss", "step", "epoch"),
    *("learning_rate", "train_loss", "validation_loss", "images_per_second"),
)
_MANIFEST_COLUMNS = ("image_id", "class_name", "status", "reason")


def given_report_inputs(folder: Path) -> dict[str, Any]:
    """Read given embeddings, and make of them the datasets that reporting begins with.

    Parameters
    ----------
    folder : Path
        See `given_embeddings.read_given_embeddings`.

    Returns
    -------
    dict
        By dataset: ``embeddings``; none of a frozen backbone; ``splits``, ``class_counts`` and
        ``data_summary`` as far as the embeddings tell; ``embedder_card``, which says where they
        come from; no ``training_history`` and no rejected images (empty tables); ``image_store``
        is None.
    """
    embeddings = read_given_embeddings(folder)
    images = embeddings[["image_id", "class_name", "split"]].drop_duplicates(ignore_index=True)
    counts = _count_classes(images)
    fingerprint = _fingerprint(embeddings)
    return {
        "embeddings": embeddings,
        "closed_form_embeddings": embeddings.head(0),
        "frozen_features": embeddings.head(0),
        "splits": images.assign(group=None),
        "class_counts": counts,
        "data_summary": {
            "given": True,
            "fingerprint": fingerprint,
            "images_found": len(images),
            "images_accepted": len(images),
            "images_rejected": 0,
            "classes": len(counts),
        },
        "embedder_card": {"embeddings": str(folder), "data_fingerprint": fingerprint},
        "training_history": pd.DataFrame(columns=list(_HISTORY_COLUMNS)),
        "image_manifest": pd.DataFrame(columns=list(_MANIFEST_COLUMNS), dtype="str"),
        "image_store": None,
    }


def _count_classes(images: pd.DataFrame) -> pd.DataFrame:
    counts = images.groupby(["class_name", "split"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(_SPLITS), fill_value=0)
    table = counts.assign(found=counts.sum(axis=1), rejected=0)
    return table.rename_axis("class_name", axis=0).rename_axis(None, axis=1).reset_index()


def _fingerprint(embeddings: pd.DataFrame) -> str:
    rows = pd.util.hash_pandas_object(embeddings, index=False).to_numpy()
    return hashlib.sha256(rows.tobytes()).hexdigest()
