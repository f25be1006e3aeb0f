"""Unseen classes from end to end: nothing of them, and no copy of theirs, reaches training."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image
from safetensors.torch import load_file

from plankton_embedding.analysis.gallery_files import read_gallery
from plankton_embedding.images.store import ImageStore
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

# Copies of images of the unseen class `disc`: byte for byte, the same pixels in another file, a
# copy of that, and a picture of other pixels that looks the same; which folder comes first in the
# alphabet must not matter.
LEAKS = {"bar/leak.png", "bar/near.jpg", "frame/leak.bmp", "frame/leak_of_leak.png"}
UNSEEN = {f"disc/{number:02d}.png" for number in range(10)}


def latest(project, path):
    versions = sorted((project / "data" / path).iterdir())
    return versions[-1] / path.rpartition("/")[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unseen_classes")
    images = draw_images(folder / "images")
    (images / "bar/leak.png").write_bytes((images / "disc/03.png").read_bytes())
    picture = Image.open(images / "disc/05.png")
    picture.save(images / "frame/leak.bmp")
    picture.save(images / "frame/leak_of_leak.png", compress_level=0)
    Image.open(images / "disc/04.png").save(images / "bar/near.jpg", quality=100)
    project = make_project(folder / "project", images)
    run(project, ["disc"])
    return project


def run(project, unseen_classes, *outputs):
    """Run the default pipeline, or what some of its outputs need."""
    bootstrap_project(project)
    params = {"split": {"unseen_classes": unseen_classes}, "training": {"head": {"steps": 0}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        with KedroSession.create(project, runtime_params=params) as session:
            session.run(to_outputs=list(outputs) or None)


def test_the_copies_were_planted_as_copies(project):
    duplicates = pd.read_csv(latest(project, "02_intermediate/duplicates.csv"))
    conflicts = duplicates[duplicates["label_conflict"]]
    involved = set(conflicts["image_id"]) | set(conflicts["duplicate_of"])
    assert {"bar/leak.png", "bar/near.jpg", "disc/03.png", "disc/04.png", "disc/05.png"} <= involved
    one, other = (
        np.asarray(Image.open(project.parent / "images" / name))
        for name in ("bar/near.jpg", "disc/04.png")
    )
    assert (one != other).any()
    assert {"exact", "near"} == set(duplicates["kind"])


def test_no_unseen_image_and_no_copy_of_one_is_split_among_the_others(project):
    splits = pd.read_parquet(latest(project, "03_primary/splits.parquet"))
    by_split = splits.groupby("split")["image_id"].agg(set)
    assert by_split["unseen"] == UNSEEN
    assert by_split["dropped"] == LEAKS
    # Straight from the files, with nothing of our own code that finds copies.
    folder = project.parent / "images"
    pixels = {name: np.asarray(Image.open(folder / name)).tobytes() for name in splits["image_id"]}
    shown = {pixels[name] for name in by_split["unseen"]}
    for split in ("train", "validation", "test"):
        assert len(by_split[split]) > 1
        assert not shown & {pixels[name] for name in by_split[split]}


def test_what_is_dropped_is_not_stored_and_what_is_unseen_is(project):
    stored = set(ImageStore(latest(project, "05_model_input/image_store")).image_ids)
    assert stored >= UNSEEN
    assert not stored & LEAKS


def test_counts_summary_and_data_report_tell_of_it(project):
    counts = pd.read_csv(latest(project, "03_primary/class_counts.csv"), index_col="class_name")
    assert counts["unseen"].to_dict() == {"bar": 0, "disc": 10, "frame": 0}
    assert counts["dropped"].to_dict() == {"bar": 2, "disc": 0, "frame": 2}
    summary = json.loads(latest(project, "03_primary/data_summary.json").read_text())
    assert (summary["classes"], summary["unseen_classes"], summary["unseen"]) == (2, ["disc"], 10)
    report = " ".join(latest(project, "08_reporting/data_report.html").read_text().split())
    assert "Training never sees 1 of the classes (10 images): disc." in report
    assert "4 images of classes that train (2 of bar; 2 of frame)" in report


def test_the_embedder_knows_which_classes_it_was_trained_on(project):
    card = json.loads(latest(project, "06_models/embedder_card.json").read_text())
    assert card["classes"] == ["bar", "frame"]
    assert card["unseen_classes"] == ["disc"]


def test_unseen_images_are_embedded_and_scored_in_nothing(project):
    embeddings = pd.read_parquet(latest(project, "07_model_output/embeddings"))
    unseen = embeddings[embeddings["split"] == "unseen"]
    tested = embeddings.loc[embeddings["split"] == "test", "step"].unique()
    assert sorted(unseen["step"].unique()) == sorted(tested)
    assert unseen.groupby("step")["image_id"].agg(set).tolist() == [UNSEEN] * len(tested)
    assert not LEAKS & set(embeddings["image_id"])
    predictions = pd.read_parquet(latest(project, "08_reporting/predictions.parquet"))
    assert set(predictions["class_name"]) == {"bar", "frame"}
    assert set(predictions["split"]) == {"validation", "test"}
    classes = pd.read_csv(latest(project, "08_reporting/class_metrics.csv"))
    assert classes["class_name"].tolist() == ["bar", "frame"]
    metrics = json.loads(latest(project, "08_reporting/metrics.json").read_text())
    assert metrics["test"]["last"]["n"] == 4


def test_no_unseen_image_and_no_copy_of_one_is_in_the_gallery(project):
    images = pd.read_parquet(latest(project, "07_model_output/gallery_embeddings.parquet"))
    splits = pd.read_parquet(latest(project, "03_primary/splits.parquet"))
    by_split = splits.groupby("split")["image_id"].agg(set)
    for split in ("validation", "test"):
        assert set(images.loc[images["split"] == split, "image_id"]) == by_split[split]
    assert set(images["split"]) == {"validation", "test"}
    gallery = read_gallery(latest(project, "07_model_output/class_gallery"))
    assert gallery.class_names.tolist() == ["bar", "frame"]
    assert {image_id for ids in gallery.example_ids for image_id in ids} <= by_split["validation"]
    rule = json.loads(latest(project, "07_model_output/decision_rule.json").read_text())
    assert rule["images"] == gallery.counts.sum() == len(by_split["validation"])


def test_all_that_is_learned_chosen_and_fitted_is_as_if_the_class_had_never_been_there(
    project, tmp_path
):
    images = tmp_path / "images"
    shutil.copytree(project.parent / "images", images)
    shutil.rmtree(images / "disc")
    for leak in LEAKS:
        (images / leak).unlink()
    without = make_project(tmp_path / "project", images)
    run(without, [], "decision_rule", "novelty_thresholds", "calibration_summary")

    def of_both(read, path):
        return [read(latest(place, path)) for place in (project, without)]

    # The weights, of the step that was chosen.
    one, other = of_both(load_weights, "06_models/embedder")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    one, other = of_both(read_gallery, "07_model_output/class_gallery")
    assert one.class_names.tolist() == other.class_names.tolist()
    assert one.example_ids == other.example_ids
    for name in ("centroids", "radii", "covariances", "counts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    one, other = of_both(read_json, "07_model_output/decision_rule.json")
    for name in ("threshold", "temperature", "kept_share", "images"):
        assert one[name] == other[name], name
    pd.testing.assert_frame_equal(*of_both(pd.read_csv, "08_reporting/novelty_thresholds.csv"))
    one, other = of_both(read_json, "08_reporting/calibration_summary.json")
    assert one["temperature"] == other["temperature"]


def load_weights(folder):
    return load_file(folder / "embedder.safetensors")


def read_json(path):
    return json.loads(path.read_text())
