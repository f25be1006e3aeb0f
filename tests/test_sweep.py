"""`kedro sweep`, from a tiny project to MLflow runs, tables and figures."""

import os
import shutil

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from commands import tracked_runs, versions
from plankton_embedding.cli import cli
from plankton_embedding.sweep.trial import ACCURACY
from plankton_embedding.training.evaluation import StepMeter
from tiny_project import draw_images, make_project

RATE = "training.network.learning_rate"
STUDY = {
    "trials": 3,
    "pruning": {"rule": "percentile", "kept_share": 0.5, "after_epochs": 1, "after_trials": 1},
    # The first learns; the second lags behind; the third diverges.
    "first": [{}, {RATE: 1e-4}, {RATE: 1e20}],
    "space": [{"parameter": RATE, "values": [1e-3, 1e-4, 1e20]}],
    "fixed": {"training.head.steps": 0, "training.network.epochs_per_step": 1},
}


@pytest.fixture(autouse=True)
def _own_store(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)


def sweep(project, monkeypatch, *arguments):
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return CliRunner().invoke(cli, ["sweep", *arguments])


def set_study(project, **options):
    path = project / "conf" / "local" / "parameters.yml"
    values = yaml.safe_load(path.read_text())
    values["sweep"] |= options
    path.write_text(yaml.safe_dump(values))


def test_a_study_of_what_there_is_not_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    project = make_project(tmp_path / "project", draw_images(tmp_path / "images"))
    set_study(project, space=[{"parameter": "training.network.los", "values": ["triplet", "a"]}])
    result = sweep(project, monkeypatch)
    assert result.exit_code == 1
    assert "sweep.space: training.network.los: there is no such parameter" in result.output
    assert not (project / "data").exists()
    assert not (project / "mlflow.db").exists()


def test_a_comparison_needs_a_study(tmp_path, monkeypatch):
    project = make_project(tmp_path / "project", draw_images(tmp_path / "images"))
    monkeypatch.chdir(project)
    bootstrap_project(project)
    result = CliRunner().invoke(cli, ["run", "--pipelines", "sweep"])
    assert result.exit_code == 1
    assert "Run `kedro sweep` before" in result.output


@pytest.mark.slow
def test_a_study_end_to_end(trained_once, tmp_path, monkeypatch):
    project = tmp_path / "project"
    shutil.copytree(trained_once, project, copy_function=os.link)
    for name in ("mlflow.db", "conf/local/parameters.yml"):
        # Written to: not the one that other tests share.
        shutil.copy(trained_once / name, project / "own")
        os.replace(project / "own", project / name)
    set_study(project, **STUDY)
    # What a network makes of nine images in an epoch hangs on the machine.
    accuracies = iter([0.8, 0.9, 0.2])
    measure = StepMeter.measure
    monkeypatch.setattr(
        StepMeter, "measure", lambda *step: measure(*step) | {ACCURACY: next(accuracies)}
    )
    before = {path: path.stat().st_mtime_ns for path in (project / "data" / "06_models").rglob("*")}
    stores = versions(project, "05_model_input/image_store")

    result = sweep(project, monkeypatch)
    assert result.exit_code == 0, result.output

    # Nothing in the catalogue is another than before: no checkpoint, no embedder, no store.
    after = {path: path.stat().st_mtime_ns for path in (project / "data" / "06_models").rglob("*")}
    assert after == before
    assert versions(project, "05_model_input/image_store") == stores

    client, runs = tracked_runs(project)
    (parent,) = [run for run in runs if "sweep.study" in run.data.tags]
    children = [
        run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
    ]
    assert parent.info.status == "FINISHED"
    assert [run.info.status for run in children] == ["FINISHED", "KILLED", "FAILED"]
    tags = [run.data.tags for run in children]
    assert [tag["sweep.status"] for tag in tags] == ["complete", "pruned", "failed"]
    assert "lags behind" in tags[1]["sweep.ended_because"]
    assert ["error" in tag for tag in tags] == [False, False, True]
    curve = f"step/{ACCURACY}"
    assert tags[0]["mlflow.runName"] == "trial 0: network.learning_rate 0.001"
    assert [float(run.data.params[RATE]) for run in children] == [1e-3, 1e-4, 1e20]
    assert [len(client.get_metric_history(run.info.run_id, curve)) for run in children[:2]] == [
        2,
        1,
    ]

    table = pd.read_csv(versions(project, "08_reporting/sweep_trials.csv")[-1])
    assert list(table["status"]) == ["complete", "pruned", "failed"]
    assert list(table["run_id"]) == [run.info.run_id for run in children]
    assert list(table["steps"]) == [2, 1, 0]
    assert "diverged" in table["error"][2]
    assert table["accuracy"][0] > table["accuracy"][1]
    assert (table["seconds"] > 0).all()
    logged = {
        file.path
        for folder in ("figures", "tables")
        for file in client.list_artifacts(parent.info.run_id, folder)
    }
    assert logged == {
        *("figures/sweep_accuracy.png", "figures/sweep_parameters.png"),
        *("tables/sweep_steps.csv", "tables/sweep_trials.csv"),
    }
    assert "The best is trial 0" in parent.data.tags["mlflow.note.content"]
    assert "kedro run --params" in result.output

    # The same again has nothing left to train, and goes on with the same run.
    again = sweep(project, monkeypatch)
    assert again.exit_code == 0, again.output
    _, later = tracked_runs(project)
    assert len(later) == len(runs)
