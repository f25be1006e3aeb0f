"""Predictions as a table of EcoTaxa."""

import pandas as pd

from plankton_embedding.images.ecotaxa_export import ecotaxa_header, to_ecotaxa

PREDICTIONS = pd.DataFrame(
    {
        "image_id": ["a\t1.png", "b.png", "c.png"],
        "class_name": ["egg<Copepoda", "NA", None],
        "confidence": [0.75, 0.5, None],
        "distance": [1.0, 1 / 3, None],
        "novelty": [0.5, 9.0, None],
        "is_unknown": pd.array([False, True, None], dtype="boolean"),
        "reason": ["", "", "empty file"],
    }
)


def test_rows_and_types():
    table = to_ecotaxa(PREDICTIONS, pd.Series(dtype="str"))
    assert table.columns.tolist() == ecotaxa_header().columns.tolist()
    assert table["img_file_name"].tolist() == table["object_id"].tolist() == ["a\t1.png", "b.png"]
    # An unknown image is one that nobody classified.
    assert table["object_annotation_category"].tolist() == ["egg<Copepoda", ""]
    assert table["object_annotation_status"].tolist() == ["predicted", ""]
    assert table["object_prediction"].tolist() == ["egg<Copepoda", "NA"]
    assert table["object_prediction_confidence"].tolist() == ["0.75", "0.5"]
    assert table["object_prediction_distance"].tolist() == ["1", "0.333333"]
    assert table["object_prediction_novelty"].tolist() == ["0.5", "9"]
    assert table["object_prediction_unknown"].tolist() == ["0", "1"]
    types = ecotaxa_header().iloc[0]
    texts = ["img_file_name", "object_id", "object_annotation_category"]
    texts += ["object_annotation_status", "object_prediction"]
    assert types.index[types == "[t]"].tolist() == texts
    assert set(types.drop(texts)) == {"[f]"}


def test_objects_keep_the_ids_that_they_have():
    ids = pd.Series({"b.png": "OBJECT_1", "a\t1.png": "", "z": "y"})
    assert to_ecotaxa(PREDICTIONS, ids)["object_id"].tolist() == ["a\t1.png", "OBJECT_1"]
