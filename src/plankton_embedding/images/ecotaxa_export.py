"""Predictions as a table that EcoTaxa imports.

See https://ecotaxa.obs-vlfr.fr, "Import": a tab-separated file whose name begins with ``ecotaxa``,
whose second line says of each column whether it is text, ``[t]``, or a number, ``[f]``, and which
lies beside the images that it names.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from plankton_embedding.images.ecotaxa import CATEGORY, FILE_NAME, OBJECT, STATUS

PREDICTED = "predicted"
_TEXT, _NUMBER = "[t]", "[f]"
_TYPES = {
    FILE_NAME: _TEXT,
    OBJECT: _TEXT,
    CATEGORY: _TEXT,
    STATUS: _TEXT,
    # Columns of our own, which EcoTaxa keeps as free fields of the object.
    "object_prediction": _TEXT,
    "object_prediction_confidence": _NUMBER,
    "object_prediction_distance": _NUMBER,
    "object_prediction_novelty": _NUMBER,
    "object_prediction_unknown": _NUMBER,
}


def ecotaxa_header() -> pd.DataFrame:
    """Return the line of types, as the first row of the table."""
    return pd.DataFrame([_TYPES], dtype="str")


def to_ecotaxa(predictions: pd.DataFrame, object_ids: pd.Series) -> pd.DataFrame:
    """Turn predictions into rows of EcoTaxa.

    Images that could not be read are left out. An image that is unknown has neither category nor
    status: EcoTaxa takes it for one that nobody classified. What it is most like is told in
    ``object_prediction``.

    Parameters
    ----------
    predictions
        ``image_id`` (its place beside the table), ``class_name``, ``confidence``, ``distance``,
        ``novelty``, ``is_unknown``, ``reason``.
    object_ids
        Of the images that have one, by image_id; of others the image_id serves.

    Returns
    -------
    DataFrame
        All values are text.
    """
    seen = predictions[predictions["reason"] == ""]
    unknown = seen["is_unknown"].to_numpy(dtype=bool)
    ids = seen["image_id"].map(object_ids) if len(object_ids) else seen["image_id"]
    columns = {
        FILE_NAME: seen["image_id"],
        OBJECT: ids.where(ids.notna() & ids.ne(""), seen["image_id"]),
        CATEGORY: seen["class_name"].where(~unknown, ""),
        STATUS: np.where(unknown, "", PREDICTED),
        "object_prediction": seen["class_name"],
        "object_prediction_confidence": seen["confidence"].map("{:.6g}".format),
        "object_prediction_distance": seen["distance"].map("{:.6g}".format),
        "object_prediction_novelty": seen["novelty"].map("{:.6g}".format),
        "object_prediction_unknown": unknown.astype(int),
    }
    return pd.DataFrame(columns, columns=list(_TYPES)).astype("str")
