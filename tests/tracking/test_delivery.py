"""What becomes of a run's record while its tracking server does not answer."""

from __future__ import annotations

import json

import pytest
from mlflow import MlflowClient

from plankton_embedding.tracking import delivery
from plankton_embedding.tracking.calls import LogBatch, LogDataset
from plankton_embedding.tracking.journal import Journal
from plankton_embedding.tracking.options import TrackingError
from plankton_embedding.tracking.run import TrackedRun
from plankton_embedding.tracking.server import Server
from plankton_embedding.tracking.sync import sync_journals

TAGS = {"kedro.run_id": "v1", "command": "kedro run"}


@pytest.fixture
def home(tmp_path):
    return tmp_path / "untracked"


@pytest.fixture
def begin(uri, home):
    return lambda name="v1": TrackedRun(uri, "tests", f"run {name}", TAGS, home / name)


def log_all(run, folder):
    """Log one of each kind."""
    run.log_parameters({"training": {"seed": 3}})
    run.log_row({"step": 1, "epoch": 1, "loss": 0.5}, "epoch")
    run.log_row({"step": 1, "epoch": 2, "loss": 0.25}, "epoch")
    run.set_tag("device", "CPU")
    for name, is_temporary in (("kept", False), ("temporary", True)):
        (folder / name).mkdir(parents=True)
        (folder / name / "file.txt").write_text(name)
        run.log_artifact(folder / name, name, is_temporary=is_temporary)
    run.log_artifact(folder / "kept" / "file.txt", "tables")
    run.log(LogDataset("image_store", 64 * "a", "/store", "read", {"version": "v0"}, {}))
    run.name_in(folder / "mlflow_run.json")


def look(uri, name="run v1"):
    """Return all that MLflow knows of a run but its id."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("tests")
    (run,) = [
        run
        for run in client.search_runs([experiment.experiment_id])
        if run.data.tags["mlflow.runName"] == name
    ]
    metrics = client.get_metric_history(run.info.run_id, "epoch/loss")
    artifacts = {
        file.path
        for folder in client.list_artifacts(run.info.run_id)
        for file in client.list_artifacts(run.info.run_id, folder.path)
    }
    return {
        "status": run.info.status,
        "tags": {key: value for key, value in run.data.tags.items() if key != "mlflow.runName"},
        "params": run.data.params,
        "loss": [(metric.step, metric.value) for metric in metrics],
        "artifacts": artifacts,
        "datasets": [(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs],
    }, run


def test_a_run_that_was_sent_later_looks_like_one_that_was_tracked_live(
    begin, uri, home, line, tmp_path, caplog
):
    live = begin("live")
    log_all(live, tmp_path / "live")
    live.finish("FINISHED")
    line.cut()
    run = begin()
    log_all(run, tmp_path / "late")
    (tmp_path / "late" / "temporary" / "file.txt").unlink()
    run.finish("FINISHED")
    assert run.run_id is None
    assert run.kept_in == home / "v1"
    assert "does not answer: connection refused. The run goes on without it" in caplog.text
    assert "send it with `kedro mlflow-sync`" in caplog.text
    began, ended = run._delivery.start.start_time, Journal.open(home / "v1").calls()[-1].end_time

    line.mend()
    assert sync_journals(home, uri) == 1

    (expected, _), (found, later) = look(uri, "run live"), look(uri)
    assert found == expected
    assert found["artifacts"] == {"kept/file.txt", "temporary/file.txt", "tables/file.txt"}
    assert (later.info.start_time, later.info.end_time) == (began, ended)
    named = json.loads((tmp_path / "late" / "mlflow_run.json").read_text())
    assert named["mlflow_run_id"] == later.info.run_id
    assert named["kedro_run_id"] == "v1"
    assert not home.exists()
    assert sync_journals(home, uri) == 0


def test_a_server_that_dies_in_the_middle(begin, uri, home, line, tmp_path):
    run = begin()
    run.log_row({"epoch": 0, "loss": 1.0}, "epoch")
    line.cut()
    log_all(run, tmp_path / "files")
    assert run.kept_in
    line.mend()
    # At the end it is tried once more, whatever the pause.
    run.finish("FAILED")
    assert not run.kept_in
    found, _ = look(uri)
    assert found["loss"] == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert found["status"] == "FAILED"


def test_a_server_that_comes_back_is_tracked_live_again(begin, uri, line, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(delivery, "_FIRST_PAUSE", 0.0)
    line.cut()
    run = begin()
    run._delivery._next_try = 0.0
    run.log_row({"epoch": 1, "loss": 1.0}, "epoch")
    assert run.run_id is None
    line.mend()
    run._delivery._next_try = 0.0
    run.log_row({"epoch": 2, "loss": 0.5}, "epoch")
    assert run.run_id
    assert "answers again" in caplog.text
    found, _ = look(uri)
    assert found["loss"] == [(1, 1.0), (2, 0.5)]
    assert found["status"] == "RUNNING"


def test_a_server_that_comes_back_as_another_ends_no_run(begin, line, monkeypatch, home):
    line.cut()
    run = begin()
    run.set_tag("a", "b")
    line.mend()

    def refuse(*args):
        raise TrackingError("there is no MLflow here")

    monkeypatch.setattr(Server, "begin", refuse)
    run._delivery._next_try = 0.0
    run.set_tag("c", "d")
    run.finish("FINISHED")
    assert len(Journal.open(home / "v1").calls()) == 3


def test_it_is_not_asked_at_each_call(begin, line, monkeypatch):
    line.cut()
    run = begin()
    asked = []
    monkeypatch.setattr(line, "use", lambda: asked.append(1))
    run.log_row({"epoch": 1, "loss": 1.0}, "epoch")
    run.log_row({"epoch": 2, "loss": 1.0}, "epoch")
    assert asked == []


def test_a_sync_that_is_cut_off_goes_on_where_it_was(begin, uri, home, line, tmp_path):
    line.cut()
    run = begin()
    log_all(run, tmp_path / "files")
    run.finish("FINISHED")
    for calls in (1, 3, 4):
        line.calls_left = calls
        with pytest.raises(TrackingError, match="does not answer: connection refused"):
            sync_journals(home, uri)
    line.mend()
    assert sync_journals(home, uri) == 1
    found, _ = look(uri)
    assert found["loss"] == [(1, 0.5), (2, 0.25)]
    assert found["status"] == "FINISHED"


def test_what_was_sent_but_not_noted_is_not_there_twice(begin, uri, home, line, tmp_path):
    line.cut()
    run = begin()
    log_all(run, tmp_path / "files")
    line.mend()
    journal = Journal.open(home / "v1")
    server = Server(uri)
    # As by a process that was killed before it could write down what it had done.
    run_id = server.begin(journal.start)
    for call in journal.calls():
        server.send(call, run_id)
    run.finish("FINISHED")
    found, later = look(uri)
    assert later.info.run_id == run_id
    assert found["loss"] == [(1, 0.5), (2, 0.25)]
    assert found["datasets"] == [("image_store", 36 * "a")]


def test_a_run_that_was_killed_ends_when_it_was_last_heard_of(begin, uri, home, line):
    line.cut()
    run = begin()
    run.log_row({"epoch": 1, "loss": 1.0}, "epoch")
    with (home / "v1" / "calls.jsonl").open("a") as file:
        file.write('{"call": "LogBat')
    run._delivery._journal._lock.close()
    line.mend()
    assert sync_journals(home, uri) == 1
    found, later = look(uri)
    assert found["status"] == "KILLED"
    assert found["loss"] == [(1, 1.0)]
    (metric,) = MlflowClient(uri).get_metric_history(later.info.run_id, "epoch/loss")
    assert later.info.end_time == metric.timestamp


def test_a_run_that_still_goes_on_is_left(begin, uri, home, line, caplog):
    line.cut()
    run = begin()
    run.set_tag("a", "b")
    line.mend()
    assert sync_journals(home, uri) == 0
    assert "its run still goes on" in caplog.text
    run.finish("FINISHED")
    assert look(uri)[0]["status"] == "FINISHED"


def test_a_run_of_another_server_is_left(begin, home, line, tmp_path, caplog):
    line.cut()
    begin().finish("FINISHED")
    line.mend()
    assert sync_journals(home, "http://127.0.0.1:9") == 0
    assert "not http://127.0.0.1:9" in caplog.text
    assert (home / "v1" / "run.json").exists()


def test_what_mlflow_does_not_take_does_not_hold_up_the_rest(begin, uri, home, line, caplog):
    line.cut()
    run = begin()
    run.log(LogBatch(metrics=[("what?", 1.0, 0, 0)]))
    run.log_artifact(home / "never_there.txt")
    run.log_row({"epoch": 1, "loss": 1.0}, "epoch")
    line.mend()
    run.finish("FINISHED")
    assert "MLflow does not get LogBatch" in caplog.text
    assert "never_there.txt is no longer there" in caplog.text
    assert look(uri)[0]["loss"] == [(1, 1.0)]


def test_a_full_disk_ends_no_run(begin, line, monkeypatch, caplog):
    line.cut()
    run = begin()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "append", full)
    run.set_tag("a", "b")
    run.finish("FINISHED")
    assert "cannot be kept either: [Errno 28] No space left" in caplog.text


def test_a_model_is_registered_once_when_the_server_answers(begin, uri, home, line, tmp_path):
    line.cut()
    run = begin()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").touch()
    run.log_artifact(tmp_path / "model", "model", is_temporary=True)
    assert run.register_model("model", "plankton", {"classes": "3"}) is None
    journal = Journal.open(home / "v1")
    line.mend()
    server = Server(uri)
    for call in journal.calls():
        server.send(call, server.begin(journal.start))
    run.finish("FINISHED")
    (version,) = MlflowClient(uri).search_model_versions("name = 'plankton'")
    assert version.tags == {"classes": "3"}
    assert version.run_id == run.run_id
    assert look(uri)[0]["tags"]["registered_model"] == "models:/plankton/1"


def test_without_a_folder_to_keep_it_in_it_is_an_error(uri, line):
    line.cut()
    with pytest.raises(TrackingError, match="does not answer"):
        TrackedRun(uri, "tests", "a run", {})
