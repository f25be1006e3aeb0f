"""A run beside another one: each goes on with what it read and made itself."""

import json
import warnings
from pathlib import Path

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogProtocol

from commands import tracked_runs, versions
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

OTHER_RUN = "2099-01-01T00.00.00.000Z"


class OtherRun:
    """Is first to make a newer version of all that a run reads and makes; none is readable."""

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol) -> None:
        self._catalog = catalog

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        self._make(dataset_name)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        self._make(dataset_name)

    def _make(self, name: str) -> None:
        dataset = self._catalog.get(name)
        if getattr(dataset, "_version", None):
            place = Path(dataset._filepath)
            (place / OTHER_RUN).mkdir(parents=True, exist_ok=True)
            (place / OTHER_RUN / place.name).write_text("of another run")


def run_beside_another(project, **part):
    """Run data engineering, or a part of it, and return its version and its MLflow run."""
    bootstrap_project(project)
    with KedroSession.create(project) as session, warnings.catch_warnings():
        # Kedro warns where a run is about to read what it has not made.
        warnings.filterwarnings("error", message="Save version")
        session._hook_manager.register(OtherRun())
        session.run(pipeline_names=["data_engineering"], **part)
        return session.session_id


def versions_by_mlflow(project, context):
    """Return the versions that the last run has read or made, by dataset, as MLflow has them."""
    client, runs = tracked_runs(project)
    parent = [run for run in runs if "mlflow.parentRunId" not in run.data.tags][-1]
    inputs = client.get_run(parent.info.run_id).inputs.dataset_inputs
    return {
        one.dataset.name: json.loads(one.dataset.profile)["version"]
        for one in inputs
        if {tag.key: tag.value for tag in one.tags}["mlflow.data.context"] == context
    }


@pytest.fixture(autouse=True)
def _own_store(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project", draw_images(tmp_path / "images"))


def test_a_run_goes_on_with_what_it_made(project):
    version = run_beside_another(project)
    made = versions(project, "02_intermediate/image_manifest.parquet")
    assert [path.parent.name for path in made] == [version, OTHER_RUN]
    assert {*versions_by_mlflow(project, "made").values()} == {version}


def test_a_run_reads_what_was_newest_as_it_began(project):
    bootstrap_project(project)
    with KedroSession.create(project) as session:
        session.run(pipeline_names=["data_engineering"])
    run_beside_another(project, node_names=["count_classes"])
    assert versions_by_mlflow(project, "read")["image_manifest"] == session.session_id
