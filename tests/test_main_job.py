"""The main job, tiny: images in, embedder and report out, tracked in MLflow."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient

from tiny_project import draw_images, make_project


def run(project, **kwargs):
    bootstrap_project(project)
    with KedroSession.create(project, runtime_params=kwargs.pop("params", {})) as session:
        session.run(**kwargs)


def latest(project, path):
    versions = sorted((project / "data" / path).iterdir())
    return versions[-1] / path.rpartition("/")[2]


def runs(project):
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'plankton_embedding'")
    return client, client.search_runs([experiment.experiment_id], order_by=["start_time ASC"])


@pytest.fixture(scope="module")
def no_tracking_uri():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory, no_tracking_uri):
    """Run the default pipeline on three classes, one of whose files is no image."""
    folder = tmp_path_factory.mktemp("main_job")
    images = draw_images(folder / "images")
    (images / "bar" / "notes.png").write_text("no image")
    project = make_project(folder / "project", images)
    run(project)
    return project


def test_everything_is_in_the_catalogue(project):
    report = latest(project, "08_reporting/report.html").read_text()
    assert "Tiny" in report
    assert "notes.png" in report
    metrics = json.loads(latest(project, "08_reporting/metrics.json").read_text())
    assert metrics["last_step"] == 3
    embeddings = pd.read_parquet(latest(project, "07_model_output/embeddings"))
    assert len(embeddings.query("split == 'validation'")) == 3 * 3 * 3
    assert (latest(project, "06_models/embedder") / "embedder.safetensors").is_file()


def test_no_image_is_lost(project):
    manifest = pd.read_parquet(latest(project, "02_intermediate/image_manifest.parquet"))
    assert len(manifest) == 31
    rejected = manifest[manifest["status"] == "rejected"]
    assert rejected["image_id"].tolist() == ["bar/notes.png"]
    counts = pd.read_csv(latest(project, "03_primary/class_counts.csv"))
    assert counts["found"].sum() == 31
    assert counts["rejected"].sum() == 1


def test_the_run_is_tracked(project):
    client, (tracked, *_) = runs(project)
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params["training.network.learning_rate"] == "0.001"
    assert tracked.data.params["embedder.weights"] == "None"
    summary = json.loads(latest(project, "03_primary/data_summary.json").read_text())
    assert tracked.data.tags["data_fingerprint"] == summary["fingerprint"]
    metrics = json.loads(latest(project, "08_reporting/metrics.json").read_text())
    assert tracked.data.metrics["test.last.accuracy"] == metrics["test"]["last"]["accuracy"]
    artifacts = {file.path for file in client.list_artifacts(tracked.info.run_id)}
    assert {"figures", "report", "tables", "embedder"} <= artifacts
    reports = client.list_artifacts(tracked.info.run_id, "report")
    assert sorted(file.path for file in reports) == [
        "report/data_report.html",
        "report/embedding_map.html",
        "report/report.html",
    ]


def test_an_embedder_and_its_run_name_each_other(project):
    client, (tracked, *_) = runs(project)
    embedder = latest(project, "06_models/embedder")
    note = json.loads((embedder.parent / "mlflow_run.json").read_text())
    assert note["mlflow_run_id"] == tracked.info.run_id
    assert tracked.data.tags["embedder_version"] == embedder.parent.name
    assert tracked.data.tags["class_gallery_version"] == embedder.parent.name
    origin = {file.path for file in client.list_artifacts(tracked.info.run_id, "origin")}
    assert {"origin/datasets.json", "origin/node_seconds.json", "origin/environment.json"} <= origin


def test_what_a_run_is_about_is_known_by_its_fingerprint(project):
    _, (tracked, *_) = runs(project)
    datasets = {one.dataset.name: one for one in tracked.inputs.dataset_inputs}
    names = {"image_manifest", "image_store", "embeddings", "embedder", "class_gallery"}
    assert datasets.keys() == names
    fingerprint = json.loads(datasets["image_store"].dataset.profile)["fingerprint"]
    assert fingerprint == tracked.data.tags["data_fingerprint"]
    assert {tag.value for one in datasets.values() for tag in one.tags} == {"made"}


def test_stages_are_timed(project):
    _, (tracked, *_) = runs(project)
    stages = ["data_engineering", "modelling", "gallery", "reporting"]
    assert tracked.data.tags["stages"] == ", ".join(stages)
    assert all(tracked.data.metrics[f"seconds.{stage}"] > 0 for stage in stages)


def test_metrics_are_tracked_once_by_epoch_and_step(project):
    client, (tracked, *_) = runs(project)

    def steps(name):
        return [metric.step for metric in client.get_metric_history(tracked.info.run_id, name)]

    assert steps("epoch/train_loss") == [1, 2, 3, 4, 5, 6]
    assert steps("step/validation_accuracy") == [1, 2, 3]
    assert steps("step/mean_radius") == [1, 2, 3]
    assert steps("step/mean_movement") == [2, 3]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_again(project, tmp_path):
    again = make_project(tmp_path / "again", project.parent / "images")
    run(again)
    for path in (
        "02_intermediate/image_manifest.parquet",
        "03_primary/splits.parquet",
        "08_reporting/metrics.json",
        "08_reporting/predictions.parquet",
    ):
        assert latest(again, path).read_bytes() == latest(project, path).read_bytes(), path
    stores = [latest(folder, "05_model_input/image_store") for folder in (project, again)]
    files = [sorted(path.name for path in store.iterdir()) for store in stores]
    assert files[0] == files[1]
    assert len(files[0]) > 2
    for name in files[0]:
        assert (stores[0] / name).read_bytes() == (stores[1] / name).read_bytes()


def test_reporting_alone_needs_no_torch(project):
    before = json.loads(latest(project, "08_reporting/metrics.json").read_text())
    code = (
        "import sys; from pathlib import Path; "
        "from kedro.framework.startup import bootstrap_project; "
        "from kedro.framework.session import KedroSession; "
        f"project = Path({str(project)!r}); bootstrap_project(project); "
        "KedroSession.create(project).run(pipeline_names=['reporting']); "
        "print([name for name in ('torch', 'lightning') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project
    )
    assert result.stdout.splitlines()[-1] == "[]"
    assert json.loads(latest(project, "08_reporting/metrics.json").read_text()) == before
    _, tracked = runs(project)
    assert tracked[-1].data.tags["kedro.pipelines"] == "reporting"
    # What it did not read says nothing about it.
    read = {name.partition(".")[0] for name in tracked[-1].data.params}
    assert read == {"gallery", "reporting", "seed"}
    assert tracked[-1].data.tags["data_fingerprint"] == tracked[0].data.tags["data_fingerprint"]
    assert tracked[-1].data.tags["embedder_run"] == tracked[0].info.run_id


def test_a_run_that_fails_is_tracked_as_failed(project):
    with pytest.raises(Exception, match="learning_rate"):
        run(
            project,
            pipeline_names=["modelling"],
            params={"training": {"network": {"learning_rate": 1e30}}},
        )
    _, tracked = runs(project)
    assert tracked[-1].info.status == "FAILED"
    assert "DivergedError" in tracked[-1].data.tags["error"]
    # What was done until then is not lost.
    assert tracked[-1].data.metrics["epoch/train_loss"] > 0
