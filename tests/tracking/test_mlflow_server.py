"""Tracking by a server: one that answers, one that is down from the start, one that dies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from commands import start
from mlflow_server import MlflowServer
from patience import PATIENCE
from plankton_embedding.tracking.calls import LogDataset
from plankton_embedding.tracking.run import TrackedRun
from plankton_embedding.tracking.sync import sync_journals
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

DATA = ("--pipelines", "data_engineering")


@pytest.fixture(scope="module")
def server(tmp_path_factory, empty_store):
    """Return a server; each test starts and stops it as it needs."""
    folder = tmp_path_factory.mktemp("server")
    server = MlflowServer(folder, shutil.copyfile(empty_store, folder / "runs.db"))
    yield server
    server.stop()


@pytest.fixture
def up(server):
    server.stop()
    server.start()
    return server


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracked")
    return make_project(folder / "project", draw_images(folder / "images"))


def kedro_run(project, server):
    process = start(project, *DATA, variables={"MLFLOW_TRACKING_URI": server.uri})
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output


def sync(project, server):
    """Run `kedro mlflow-sync`."""
    (project / "conf" / "local" / "mlflow.yml").write_text(
        json.dumps({"registered_model": None, "tracking_uri": server.uri})
    )
    result = subprocess.run(
        [sys.executable, "-m", "kedro", "mlflow-sync"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def newest(server, experiment="plankton_embedding"):
    client = MlflowClient(server.uri)
    found = client.get_experiment_by_name(experiment)
    return client, client.search_runs([found.experiment_id], order_by=["start_time DESC"])[0]


def artifacts(client, run, folder=None):
    return {file.path for file in client.list_artifacts(run.info.run_id, folder)}


def test_a_server_that_keeps_runs_artifacts_and_models(up, tmp_path):
    run = TrackedRun(up.uri, "remote", "a run", {"kedro.run_id": "v1"})
    run.log_parameters({"training": {"seed": 3}})
    run.log_row({"epoch": 1, "loss": 0.5}, "epoch")
    run.log(LogDataset("image_store", 64 * "a", "/store", "read", {"version": "v0"}, {"a": "str"}))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    run.log_artifact(tmp_path / "model", "model", is_temporary=True)
    assert run.register_model("model", "plankton", {"classes": "3"}) == "1"
    run.finish("FINISHED")
    client, tracked = newest(up, "remote")
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params == {"training.seed": "3"}
    assert tracked.data.metrics == {"epoch/loss": 0.5}
    (dataset,) = tracked.inputs.dataset_inputs
    assert json.loads(dataset.dataset.profile)["fingerprint"] == 64 * "a"
    place = client.download_artifacts(tracked.info.run_id, "model/MLmodel", str(tmp_path))
    assert Path(place).read_text() == "flavors: {}\n"
    assert client.get_model_version("plankton", "1").run_id == tracked.info.run_id


def test_a_run_of_the_pipelines_on_a_server(up, project):
    output = kedro_run(project, up)
    client, tracked = newest(up)
    assert f"Tracked as MLflow run {tracked.info.run_id}" in output
    assert tracked.info.status == "FINISHED"
    assert tracked.data.params["data_report.images_per_class"] == "4"
    assert "report/data_report.html" in artifacts(client, tracked, "report")
    assert not (project / "data" / "untracked").exists()


def test_a_server_that_is_down_from_the_start_loses_nothing(server, project):
    server.stop()
    began = time.time()
    output = kedro_run(project, server)
    assert f"MLflow at {server.uri} does not answer" in output
    assert "kedro mlflow-sync" in output
    assert "Traceback" not in output
    (journal,) = (project / "data" / "untracked").iterdir()
    ended = time.time()
    assert "does not answer" in sync(project, server)
    assert journal.exists()
    server.start()
    assert "Sent 1 runs" in sync(project, server)
    client, tracked = newest(server)
    assert tracked.info.status == "FINISHED"
    assert tracked.data.tags["kedro.run_id"] == journal.name
    assert began < tracked.info.start_time / 1000 < tracked.info.end_time / 1000 < ended
    assert tracked.data.metrics["seconds.data_engineering"] > 0
    assert "report/data_report.html" in artifacts(client, tracked, "report")
    assert {"origin/environment.json", "origin/datasets.json"} <= artifacts(
        client, tracked, "origin"
    )
    assert not (project / "data" / "untracked").exists()
    assert "There is nothing to send" in sync(project, server)


def test_a_server_that_dies_while_a_run_goes_on(up, tmp_path, caplog):
    run = TrackedRun(up.uri, "dying", "a run", {"kedro.run_id": "v1"}, tmp_path / "all" / "v1")
    run.log_row({"epoch": 1, "loss": 1.0}, "epoch")
    up.stop()
    began = time.monotonic()
    for epoch in (2, 3):
        run.log_row({"epoch": epoch, "loss": 1 / epoch}, "epoch")
    run.finish("FINISHED")
    assert time.monotonic() - began < 60
    assert "The run goes on without it" in caplog.text
    up.start()
    assert sync_journals(tmp_path / "all", up.uri) == 1
    client, tracked = newest(up, "dying")
    history = client.get_metric_history(tracked.info.run_id, "epoch/loss")
    assert [metric.step for metric in history] == [1, 2, 3]
    assert tracked.info.status == "FINISHED"
