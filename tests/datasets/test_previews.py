"""What Kedro-Viz shows of datasets, beside its own tables and pictures."""

import base64
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from PIL import Image

from plankton_embedding.datasets.class_matrix_dataset import ClassMatrixDataset
from plankton_embedding.datasets.image_location_dataset import ImageLocationDataset
from plankton_embedding.datasets.previews import preview_rows, preview_table
from plankton_embedding.datasets.store_building_dataset import StoreBuildingDataset

# Everything that training and a gallery leave, by one process that says whether torch came along.
_PREVIEW_ALL = """
import json, sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
bootstrap_project(Path.cwd())
with KedroSession.create(Path.cwd()) as session:
    catalog = session.load_context().catalog
    shown = {name: catalog.get(name).preview() for name in sys.argv[1:]}
print(json.dumps({"torch": "torch" in sys.modules, "shown": shown}, default=float))
"""


def picture(shown):
    return Image.open(io.BytesIO(base64.b64decode(shown)))


def test_a_table_is_shown_in_values_that_json_knows():
    table = pd.DataFrame(
        {
            "radius": np.array([1 / 3, np.nan], dtype=np.float32),
            "neighbours": [["a", "b"], None],
            "name": ["x", None],
            "count": np.array([1, 2], dtype=np.int64),
        },
        index=[7, 8],
    )
    shown = preview_table(table, 50)
    assert json.loads(json.dumps(shown)) == {
        "index": [0, 1],
        "columns": ["radius", "neighbours", "name", "count"],
        "data": [[0.333333, "['a', 'b']", "x", 1], [None, None, None, 2]],
    }
    assert len(preview_table(table, 1)["data"]) == 1


def test_rows_need_not_have_the_same_columns():
    shown = preview_rows([{"step": 1, "radius": 0.5}, {"step": 2}])
    assert shown["data"] == [[1, 0.5], [2, None]]
    assert preview_rows([])["data"] == []


def test_a_class_matrix_shows_the_classes_of_its_rows(tmp_path):
    dataset = ClassMatrixDataset(
        filepath=str(tmp_path / "matrix.csv"),
        load_args={"index_col": "class_name"},
        save_args={"index": True},
    )
    dataset.save(pd.DataFrame({"a": [3], "b": [1]}, index=pd.Index(["a"], name="class_name")))
    assert dataset.preview()["columns"] == ["class_name", "a", "b"]
    assert dataset.preview()["data"] == [["a", 3, 1]]


def test_raw_images_are_shown_on_a_sheet_one_of_each_class_first(image_folder):
    sheet = picture(ImageLocationDataset(filepath=str(image_folder)).preview(images=3))
    assert sheet.format == "PNG"
    # One row of three tiles, each darker than the paper.
    width, height = sheet.size
    assert width > 2 * height
    tiles = np.array_split(np.asarray(sheet), 3, axis=1)
    assert all((tile < 128).sum() > 100 for tile in tiles)


def test_raw_images_in_a_zip_are_shown(image_folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "images"), "zip", image_folder)
    assert picture(ImageLocationDataset(filepath=archive).preview()).width > 600


def test_what_cannot_be_glanced_at_says_so(tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "notes.txt").write_text("no image")
    (tmp_path / "table.csv").write_text("path,class_name\n")
    for place in (tmp_path, tmp_path / "table.csv"):
        with pytest.raises(DatasetError, match="can be shown"):
            ImageLocationDataset(filepath=str(place)).preview()


def test_an_unfinished_store_shows_how_much_waits(tmp_path):
    dataset = StoreBuildingDataset(filepath=str(tmp_path))
    assert json.loads(dataset.preview()) == {"files": 0, "megabytes": 0.0}
    dataset.load().mkdir()
    (dataset.load() / "shard").write_bytes(bytes(2_000_000))
    assert json.loads(dataset.preview()) == {"files": 1, "megabytes": 2.0}


@pytest.mark.slow
def test_what_training_leaves_is_shown_without_torch(trained_once):
    names = ["embedder", "checkpoints", "earlier_trainings", "embeddings", "training_steps"]
    names += ["image_store", "earlier_manifest", "class_gallery", "decision_rule", "raw_images"]
    result = subprocess.run(
        [sys.executable, "-c", _PREVIEW_ALL, *names],
        cwd=trained_once,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout.splitlines()[-1])
    shown = said["shown"]
    assert not said["torch"]
    assert json.loads(shown["embedder"])["classes"] == ["bar", "disc", "frame"]
    assert [row[:2] for row in shown["checkpoints"]["data"]] == [
        [1, "head"],
        [2, "network"],
        [3, "network"],
    ]
    assert [row[1:] for row in shown["earlier_trainings"]["data"]] == [[3, True]]
    assert shown["embeddings"]["columns"][:3] == ["step", "split", "image_id"]
    assert len(shown["earlier_manifest"]["data"]) == 30
    assert picture(shown["image_store"]).height > 400
