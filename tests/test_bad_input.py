"""Mistakes that users make: `kedro run` ends with a message of ours, before any training."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient

from plankton_embedding.cli import run
from tiny_project import draw_images, make_project


@pytest.fixture
def images(tmp_path):
    return draw_images(tmp_path / "images")


@pytest.fixture
def kedro_run(tmp_path, images, monkeypatch):
    """Return a function that runs `kedro run ARGUMENTS`, sees it fail, and gives what it said."""
    project = make_project(tmp_path / "project", images)
    bootstrap_project(project)
    monkeypatch.chdir(project)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def fail(*arguments):
        result = CliRunner().invoke(run, arguments)
        assert result.exit_code == 1
        assert not list((project / "data").glob("06_models/*/*"))
        assert "Traceback" not in result.output
        return result.output

    return fail


def test_missing_folder(kedro_run, tmp_path):
    said = kedro_run("--params", f"images={tmp_path / 'nowhere'}")
    assert f"{tmp_path / 'nowhere'} does not exist" in said
    assert "--params images=FOLDER" in said


def test_empty_folder(kedro_run, tmp_path):
    (tmp_path / "empty").mkdir()
    said = kedro_run("--params", f"images={tmp_path / 'empty'}")
    assert "empty holds nothing" in said


def test_one_class_only(kedro_run, images):
    shutil.rmtree(images / "bar")
    shutil.rmtree(images / "disc")
    assert "one class only ('frame')" in kedro_run()


def test_a_class_folder_instead_of_its_parent(kedro_run, images):
    said = kedro_run("--params", f"images={images / 'bar'}")
    assert "10 files but no class folder" in said


def test_no_readable_image_in_a_class(kedro_run, images):
    for path in (images / "disc").iterdir():
        path.write_bytes(b"")
    said = kedro_run()
    assert "no readable image in class 'disc'" in said
    assert "disc/00.png: empty file" in said


def test_too_many_rejected_files_are_listed_and_end_the_run(kedro_run, images, tmp_path):
    (images / "disc" / "empty.png").write_bytes(b"")
    (images / "disc" / "notes.txt").write_text("not an image")
    # 2 of 32 files.
    said = kedro_run("--params", "scan.max_rejected=0.06")
    assert "2 of 32 files were rejected, 6.2%; scan.max_rejected allows 6.0%" in said
    (listed,) = (tmp_path / "project" / "data").glob("02_intermediate/rejected_images.csv/*/*.csv")
    assert pd.read_csv(listed)[["image_id", "reason"]].values.tolist() == [
        ["disc/empty.png", "empty file"],
        ["disc/notes.txt", "not an image of a known format"],
    ]
    assert not list((tmp_path / "project" / "data").glob("03_primary/splits.parquet/*/*"))


def test_a_class_too_small(kedro_run, images):
    for path in sorted((images / "disc").iterdir())[4:]:
        path.unlink()
    said = kedro_run()
    assert "'disc' (4 images)" in said
    assert "small_classes: drop" in said


def test_unknown_parameter(kedro_run):
    assert "training.epochs: there is no such parameter" in kedro_run(
        "--params", "training.epochs=5"
    )


def test_negative_epochs(kedro_run):
    said = kedro_run("--params", "training.head.epochs_per_step=-5")
    assert "training.head.epochs_per_step: should be greater than or equal to 1, not -5" in said


def test_imagenet_weights_without_a_network(kedro_run, monkeypatch, tmp_path):
    # Nothing is cached here, and nothing answers there.
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    said = kedro_run("--params", "embedder.weights=imagenet")
    assert "cannot be downloaded" in said
    assert "null" in said


def test_weights_of_another_architecture(kedro_run, tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    said = kedro_run("--params", f"embedder.weights={path}")
    assert "other.pth is not a state dict of inception_v3" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_asked_for_and_absent(kedro_run):
    assert "no CUDA device" in kedro_run("--params", "training.device=cuda")


@pytest.mark.parametrize(
    ("pipeline", "missing", "earlier"),
    [("modelling", "image_store", "data_engineering"), ("reporting", "embeddings", "modelling")],
)
def test_a_pipeline_before_its_time(kedro_run, pipeline, missing, earlier):
    said = kedro_run("--pipelines", pipeline)
    assert missing in said
    assert earlier in said


def test_images_set_where_the_catalogue_cannot_see_them(kedro_run, tmp_path):
    path = tmp_path / "project" / "conf" / "local" / "parameters_images.yml"
    path.write_text("images: /somewhere/else\n")
    said = kedro_run()
    assert "/somewhere/else" in said
    assert "globals.yml" in said


def test_a_home_folder_is_understood(kedro_run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    said = kedro_run("--params", "images=~/nowhere")
    assert f"{tmp_path}/nowhere does not exist" in said


def test_an_unusable_tracking_server(kedro_run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://server")
    assert "nonsense://server cannot be used" in kedro_run()


def test_a_refused_run_is_tracked_as_failed(kedro_run, tmp_path):
    kedro_run("--params", "embedder.weights=/no/such/file.pth")
    client = MlflowClient(f"sqlite:///{tmp_path}/project/mlflow.db")
    experiment = client.get_experiment_by_name("plankton_embedding")
    (tracked,) = client.search_runs([experiment.experiment_id])
    assert tracked.info.status == "FAILED"
    assert "WeightsError" in tracked.data.tags["error"]


def test_misspelt_tracking_option(kedro_run, tmp_path):
    path = tmp_path / "project" / "conf" / "local" / "mlflow.yml"
    path.write_text("tracking_url: sqlite:///mlflow.db\nexperiment: x\n")
    said = kedro_run()
    assert "tracking_url" in said
