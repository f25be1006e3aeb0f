"""A tracked run: names and numbers as MLflow gets them."""

import pandas as pd
import pytest
from mlflow import MlflowClient

from plankton_embedding.tracking.run import TrackedRun, flatten


def history(uri, tracked, name):
    metrics = MlflowClient(uri).get_metric_history(tracked.run_id, name)
    return {metric.step: metric.value for metric in metrics}


def test_nested_names_are_dotted():
    assert dict(flatten({"a": {"b": 1, "c": {"d": None}}, "e": [2]})) == {
        "a.b": 1,
        "a.c.d": None,
        "e": [2],
    }


def test_more_parameters_than_a_request_takes(uri, tracked):
    tracked.log_parameters({"many": {f"p{number}": number for number in range(250)}})
    params = MlflowClient(uri).get_run(tracked.run_id).data.params
    assert len(params) == 250
    assert params["many.p249"] == "249"


def test_a_table_is_logged_by_its_step(uri, tracked):
    table = pd.DataFrame(
        {"step": [1, 2], "epoch": [5, 10], "stage": ["a", "b"], "loss": [0.5, float("nan")]}
    )
    tracked.log_table(table, "epoch")
    assert history(uri, tracked, "epoch/loss") == {5: 0.5}
    assert MlflowClient(uri).get_run(tracked.run_id).data.metrics.keys() == {"epoch/loss"}


def test_a_metric_of_a_step_is_logged_once(uri, tracked):
    tracked.log_table(pd.DataFrame({"step": [1], "radius": [2.0]}), "step")
    tracked.log_metrics({"steps": {"1": {"radius": 2.0}, "2": {"radius": 3.0}}})
    metrics = MlflowClient(uri).get_metric_history(tracked.run_id, "step/radius")
    assert [(metric.step, metric.value) for metric in metrics] == [(1, 2.0), (2, 3.0)]


def test_an_epoch_that_was_logged_as_it_ended_is_not_logged_again_with_its_step(uri, tracked):
    rows = [
        {"stage": "head", "step": 1, "epoch": epoch, "train_loss": loss}
        for epoch, loss in ((1, 0.5), (2, 0.25))
    ]
    tracked.log_row(rows[0], "epoch")
    assert history(uri, tracked, "epoch/train_loss") == {1: 0.5}
    tracked.log_table(pd.DataFrame(rows), "epoch")
    metrics = MlflowClient(uri).get_metric_history(tracked.run_id, "epoch/train_loss")
    assert [(metric.step, metric.value) for metric in metrics] == [(1, 0.5), (2, 0.25)]
    assert MlflowClient(uri).get_run(tracked.run_id).data.metrics.keys() == {"epoch/train_loss"}


def test_a_name_that_mlflow_does_not_take_ends_nothing(uri, tracked, caplog):
    tracked.log_metrics({"what?": 1.0})
    tracked.log_metrics({"accuracy": 0.5})
    assert "MLflow does not get LogBatch" in caplog.text
    assert MlflowClient(uri).get_run(tracked.run_id).data.metrics == {"accuracy": 0.5}


def test_a_long_error_is_cut(uri, tracked):
    tracked.set_tag("error", "x" * 20_000)
    assert MlflowClient(uri).get_run(tracked.run_id).data.tags["error"] == 5000 * "x"


def test_runs_of_one_experiment(uri, tracked):
    other = TrackedRun(uri, "tests", "another", {})
    tracked.finish("FINISHED")
    other.finish("KILLED")
    client = MlflowClient(uri)
    statuses = {run: client.get_run(run).info.status for run in (tracked.run_id, other.run_id)}
    assert list(statuses.values()) == ["FINISHED", "KILLED"]
    experiments = {client.get_run(run).info.experiment_id for run in statuses}
    assert len(experiments) == 1


def continued(uri, status):
    """Return MLflow's view of a run and of the one that went on with its training."""
    before = TrackedRun(uri, "tests", "before", {"kedro.run_id": "v1"})
    if status:
        before.finish(status)
    after = TrackedRun(uri, "tests", "after", {"kedro.run_id": "v2"})
    after.continue_run("v1, step 2")
    client = MlflowClient(uri)
    return client.get_run(before.run_id), client.get_run(after.run_id)


@pytest.mark.parametrize("status", ["KILLED", "FAILED", None])
def test_an_interrupted_run_lies_below_the_one_that_continues_it(uri, status):
    before, after = continued(uri, status)
    assert before.data.tags["mlflow.parentRunId"] == after.info.run_id
    assert after.data.tags["continues"] == "v1, step 2"
    assert after.data.tags["continues_run"] == before.info.run_id
    # One that was killed without a word: nobody else would end it.
    assert before.info.status == (status or "KILLED")


def test_an_interrupted_run_of_a_study_stays_below_its_study(uri):
    before = TrackedRun(uri, "tests", "t", {"kedro.run_id": "v1", "mlflow.parentRunId": "study"})
    before.finish("KILLED")
    TrackedRun(uri, "tests", "after", {"kedro.run_id": "v2"}).continue_run("v1, step 2")
    tags = MlflowClient(uri).get_run(before.run_id).data.tags
    assert tags["mlflow.parentRunId"] == "study"


def test_a_finished_run_that_is_continued_keeps_its_place(uri):
    before, after = continued(uri, "FINISHED")
    assert "mlflow.parentRunId" not in before.data.tags
    assert "mlflow.parentRunId" not in after.data.tags
    assert after.data.tags["continues_run"] == before.info.run_id


def test_a_run_whose_forerunner_was_not_tracked_says_so_all_the_same(uri, tracked):
    tracked.continue_run("v0, step 1")
    tags = MlflowClient(uri).get_run(tracked.run_id).data.tags
    assert tags["continues"] == "v0, step 1"
    assert "continues_run" not in tags
