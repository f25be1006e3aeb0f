"""A run that is killed is continued by the next one, as if nothing had happened."""

from __future__ import annotations

import os
import signal

import pandas as pd
import pytest

from commands import run, start, tracked_runs, versions
from patience import PATIENCE, wait_until
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

MODELLING = ("--pipelines", "modelling")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Prepare the images, and train once without an interruption."""
    folder = tmp_path_factory.mktemp("interruption")
    project = make_project(folder / "project", draw_images(folder / "images"))
    run(project, "--pipelines", "data_engineering,modelling")
    return project


def weights(project, version, step):
    return versions(project, "06_models/checkpoints")[version] / f"step_{step:02d}.safetensors"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_is_continued_to_the_same_end(project, number):
    before = len(versions(project, "06_models/checkpoints"))
    process = start(project, *MODELLING)

    def first_step():
        found = versions(project, "06_models/checkpoints")
        return len(found) > before and (found[-1] / "step_01.json").exists()

    wait_until(first_step, process)
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0, said
    # Nobody can say farewell to SIGKILL.
    assert ("Stopped: the same command goes on" in said) == (number != signal.SIGKILL)
    assert not weights(project, -1, 3).exists()
    _, runs = tracked_runs(project)
    killed = runs[-1]
    assert killed.info.status == ("RUNNING" if number == signal.SIGKILL else "KILLED")

    output = run(project, *MODELLING)

    assert f"Going on with the training {killed.data.tags['kedro.run_id']} after step" in output
    for step in (1, 2, 3):
        assert weights(project, -1, step).read_bytes() == weights(project, 0, step).read_bytes()
    tables = [
        pd.read_parquet(versions(project, "07_model_output/embeddings")[version])
        for version in (0, -1)
    ]
    pd.testing.assert_frame_equal(*tables)
    client, runs = tracked_runs(project)
    continued = runs[-1]
    assert continued.info.status == "FINISHED"
    assert continued.data.tags["continues_run"] == killed.info.run_id
    before = client.get_run(killed.info.run_id)
    assert before.info.status == "KILLED"
    assert before.data.tags["mlflow.parentRunId"] == continued.info.run_id
    # All of it, and nothing twice.
    history = client.get_metric_history(continued.info.run_id, "epoch/train_loss")
    assert [metric.step for metric in history] == [1, 2, 3, 4, 5, 6]


def test_a_finished_training_is_nursed_by_a_run_that_names_it(project):
    _, runs = tracked_runs(project)
    output = run(
        project,
        *MODELLING,
        "--params",
        "training.resume_from=2,training.network.learning_rate=1.0e-4",
    )
    assert "after step 2" in output
    client, runs = tracked_runs(project)
    nursed, before = runs[-1], runs[-2]
    assert nursed.data.tags["continues_run"] == before.info.run_id
    assert nursed.data.tags["continues"] == f"{before.data.tags['kedro.run_id']}, step 2"
    assert nursed.data.params["training.network.learning_rate"] == "0.0001"
    rates = client.get_metric_history(nursed.info.run_id, "epoch/learning_rate")
    assert [metric.value for metric in rates] == pytest.approx([1e-2] * 2 + [1e-3] * 2 + [9e-5] * 2)


def test_a_step_that_is_not_there_is_an_error_without_a_traceback(project):
    process = start(project, *MODELLING, "--params", "training.resume_from=9")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Error: training.resume_from is 9" in output
    assert "Traceback" not in output
