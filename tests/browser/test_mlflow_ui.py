"""MLflow's own pages show what a run logged: its curves, its figures, and two runs side by side."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient

from mlflow_server import MlflowServer
from pages import PAGE_PATIENCE
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

# Pictures of the pages go here, for those who want to look at them.
PICTURES = os.environ.get("PICTURES_OF_PAGES")
# MLflow's menu of runs and models; its other one is of chats and prompts.
TRAINING = "?workflowType=machine_learning"
# The panel of MLflow's assistant takes a third of the page.
CLOSED_PANEL = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Train twice, with another learning rate."""
    folder = tmp_path_factory.mktemp("mlflow_ui")
    project = make_project(folder / "project", draw_images(folder / "images"))
    bootstrap_project(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
        for rate in (1e-3, 1e-4):
            params = {"training": {"network": {"learning_rate": rate}}}
            with KedroSession.create(project, runtime_params=params) as session:
                session.run(
                    pipeline_names=["data_engineering", "modelling", "reporting"],
                    to_outputs=["embedder", "training_curves"],
                )
    return project


@pytest.fixture(scope="module")
def runs(project):
    """Return the two runs."""
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    experiment = client.get_experiment_by_name("plankton_embedding")
    return client.search_runs([experiment.experiment_id], order_by=["start_time ASC"])


@pytest.fixture(scope="module")
def server(project, tmp_path_factory):
    server = MlflowServer(tmp_path_factory.mktemp("server"), project / "mlflow.db")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def show(browser, server):
    """Return a function that opens a page of MLflow; what fails because of our runs is an error."""
    context = browser.new_context(viewport={"width": 1500, "height": 1000})
    context.set_default_timeout(PAGE_PATIENCE)
    context.add_init_script(CLOSED_PANEL)
    page, complaints = context.new_page(), []

    def only_from_server(route):
        if route.request.url.startswith((server.uri, "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    page.route("**/*", only_from_server)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda answer: _complain(answer, complaints))

    def open_page(path):
        page.goto(f"{server.uri}/#{path}")
        return page

    yield open_page
    context.close()
    assert complaints == []


def _complain(answer, complaints):
    if answer.status >= 400 and re.search("runs|metrics|artifact|experiments", answer.url):
        complaints.append(f"{answer.status} {answer.url}")


def keep_picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES, f"mlflow_{name}.png"))


def drawn_lines(page, metric, wanted):
    """Return the number of points of each line in the chart of a metric."""
    # Charts are drawn when they are in sight.
    page.get_by_placeholder("Search metric charts").fill(metric)
    page.get_by_text(re.compile(rf"^(epoch/)?{metric}$")).first.wait_for()
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 1")
    lines = page.locator(".js-plotly-plot").first.locator(".scatterlayer path.js-line")
    end, paths = time.monotonic() + PAGE_PATIENCE / 1000, set()
    # Runs are loaded one after the other. Each is drawn twice; colours may be the same.
    while len(paths) < wanted and time.monotonic() < end:
        page.wait_for_timeout(200)
        paths = set(lines.evaluate_all("lines => lines.map(line => line.getAttribute('d'))"))
    return [len(re.findall("[ML]", path)) for path in paths]


def test_both_runs_are_in_the_table_of_trainings(show, runs):
    page = show(f"/experiments/1/runs{TRAINING}")
    for run in runs:
        page.get_by_text(run.info.run_name).first.wait_for()
    page.get_by_text(re.compile("image_manifest")).first.wait_for()
    keep_picture(page, "runs")
    # Not of chats and prompts.
    assert page.get_by_text("Judges").count() == 0


def test_a_run_shows_where_it_comes_from(show, runs):
    page = show(f"/experiments/1/runs/{runs[0].info.run_id}{TRAINING}")
    for text in ("embedder_version", "data_fingerprint", "command"):
        page.get_by_text(text).first.wait_for()
    keep_picture(page, "run")


def test_curves_of_a_run_are_drawn(show, runs):
    page = show(f"/experiments/1/runs/{runs[0].info.run_id}/model-metrics{TRAINING}")
    lines = drawn_lines(page, "train_loss", wanted=1)
    keep_picture(page, "curves")
    # Through six epochs; Plotly leaves out points that lie on the line between others.
    assert len(lines) == 1
    assert min(lines) >= 3


def test_a_figure_of_a_run_is_shown(show, runs):
    figure = "figures/training_curves.png"
    page = show(f"/experiments/1/runs/{runs[0].info.run_id}/artifacts/{figure}{TRAINING}")
    image = page.locator("img[src^=blob], img[src*=artifact], img[src^=data]").first
    image.wait_for()
    page.wait_for_function("image => image.naturalWidth > 500", arg=image.element_handle())
    keep_picture(page, "figure")


def test_two_runs_are_compared(show, runs):
    page = show(f"/experiments/1/runs{TRAINING}&compareRunsMode=CHART")
    lines = drawn_lines(page, "train_loss", wanted=2)
    keep_picture(page, "charts")
    assert len(lines) == 2
    ids = '","'.join(run.info.run_id for run in runs)
    page = show(f'/compare-runs?runs=["{ids}"]&experiments=["1"]&workflowType=machine_learning')
    page.get_by_text("Comparing 2 Runs").first.wait_for()
    for text in ("0.001", "0.0001"):
        page.get_by_text(text, exact=True).first.wait_for()
    keep_picture(page, "comparison")
