"""Kedro-Viz as a user sees it: a static build of a finished run, and the server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from commands import run as kedro_run
from pages import PAGE_PATIENCE
from patience import PATIENCE, free_port, wait_until
from tiny_project import draw_images, make_project

pytestmark = pytest.mark.slow

PIPELINES = [
    "__default__",
    "data_engineering",
    "modelling",
    "gallery",
    "reporting",
    "enrol",
    "inference",
    "sweep",
]
LAYERS = [
    "01_raw",
    "02_intermediate",
    "03_primary",
    "05_model_input",
    "06_models",
    "07_model_output",
    "08_reporting",
]
CHAPTERS = {
    *("steps", "confusions", "classes", "components", "movement", "map", "classifiers"),
    *("scores", "open_world", "label_suspects", "data"),
}
# What it asks for by itself: a font, and what only its server knows.
OF_ITS_OWN = ("fonts.googleapis.com", "/api/metadata", "metadata fetch error")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kedro_viz")
    project = make_project(folder / "project", draw_images(folder / "images"))
    kedro_run(project)
    return project


@pytest.fixture(scope="module")
def site(project):
    """Return the address of a static build."""
    built = viz(project, "build", "--include-previews")
    output, _ = built.communicate(timeout=PATIENCE)
    assert built.returncode == 0, output
    handler = partial(QuietHandler, directory=project / "build")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def context(browser):
    """Return a browser that nothing but loopback answers; it keeps Kedro-Viz's scripts."""
    context = browser.new_context(viewport={"width": 1500, "height": 950})
    context.set_default_timeout(PAGE_PATIENCE)
    context.route(lambda address: not is_loopback(address), lambda route: route.abort())
    # It would explain itself over the flowchart.
    context.add_init_script("localStorage.setItem('KedroViz', '{\"showFeatureHints\": false}')")
    yield context
    context.close()


@pytest.fixture
def page(context):
    """Return a page whose errors fail the test."""
    complaints = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(f"{said.text} {said.location['url']}")
            if said.type == "error"
            else None
        ),
    )
    page.on(
        "request",
        lambda request: None if is_loopback(request.url) else complaints.append(request.url),
    )
    yield page
    page.close()
    assert [one for one in complaints if not any(known in one for known in OF_ITS_OWN)] == []


def is_loopback(address):
    place = urlsplit(address)
    return place.scheme in ("data", "blob") or place.hostname == "127.0.0.1"


def viz(project, *arguments):
    # Not `python -m kedro`: the server is a process that spawns, and never comes up then.
    return subprocess.Popen(
        [Path(sys.executable).with_name("kedro"), "viz", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def open_dataset(page, site, pipeline, name):
    page.goto(f"{site}/?pid={pipeline}&sn={name}")
    page.wait_for_selector(f".pipeline-metadata__title:has-text('{name}')")


def texts(page, selector):
    return [text for text in page.locator(selector).all_text_contents() if text]


def test_all_pipelines_can_be_chosen(page, site):
    page.goto(site)
    page.wait_for_selector(".pipeline-node")
    assert texts(page, ".pipeline-list .menu-option") == PIPELINES


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_layers_are_shown_in_the_order_of_the_folders(page, site, pipeline):
    page.goto(f"{site}/?pid={pipeline}")
    page.wait_for_selector(".pipeline-layer-name")
    shown = texts(page, ".pipeline-layer-name")
    assert shown == sorted(shown)
    assert set(shown) <= set(LAYERS)
    if pipeline == "__default__":
        assert shown == LAYERS


def test_every_dataset_has_a_layer(site):
    for pipeline in PIPELINES:
        with urllib.request.urlopen(f"{site}/api/pipelines/{pipeline}") as answer:
            graph = json.load(answer)
        datasets = [node for node in graph["nodes"] if node["type"] == "data"]
        assert datasets
        assert {node["name"] for node in datasets if node["layer"] is None} == set()


def test_chapters_of_the_report_are_boxes_that_open(page, site):
    page.goto(f"{site}/?pid=reporting")
    page.wait_for_selector(".pipeline-node")
    assert set(texts(page, ".pipeline-node--modularPipeline")) == CHAPTERS
    closed = page.locator(".pipeline-node").count()
    assert closed < 60
    page.click("[data-test^=sidebar-flowchart-expand-pipeline-btn]")
    page.wait_for_selector(".pipeline-node:has-text('draw_confusion_matrix')")
    assert page.locator(".pipeline-node").count() > 150


@pytest.mark.parametrize(
    ("pipeline", "name", "shows"),
    [
        ("data_engineering", "raw_images", "img.pipeline-metadata__plot-image"),
        ("data_engineering", "image_store", "img.pipeline-metadata__plot-image"),
        ("data_engineering", "image_manifest", ".preview-table:has-text('bar/00.png')"),
        ("data_engineering", "data_report", ".html-renderer:has-text('What to know')"),
        ("modelling", "checkpoints", ".preview-table:has-text('network')"),
        ("modelling", "embeddings", ".preview-table:has-text('e00')"),
        ("modelling", "embedder", "[class*=preview-json]:has-text('inception_v3')"),
        ("gallery", "class_gallery", ".preview-table:has-text('frame')"),
        ("gallery", "decision_rule", "[class*=preview-json]:has-text('threshold')"),
        ("reporting", "separations", ".preview-table:has-text('class_name')"),
        ("reporting", "confusion_matrix", "img.pipeline-metadata__plot-image"),
        ("reporting", "confusion_animation", "img.pipeline-metadata__plot-image"),
        ("reporting", "confusion_slider", ".js-plotly-plot .heatmaplayer"),
        ("reporting", "metrics", "[class*=preview-json]:has-text('steps')"),
    ],
)
def test_a_dataset_shows_what_is_in_it(page, site, pipeline, name, shows):
    open_dataset(page, site, pipeline, name)
    page.wait_for_selector(shows, state="attached")
    if shows.startswith("img"):
        page.wait_for_function(f"document.querySelector('{shows}').naturalWidth > 100")


def test_what_no_run_has_made_shows_nothing_and_no_error(page, site):
    open_dataset(page, site, "inference", "class_predictions_table")
    page.wait_for_selector("text=kedro run --to-outputs=class_predictions_table")
    assert page.locator("text=Expand preview").count() == 0


def test_a_node_shows_what_it_does_and_its_parameters(page, site):
    open_dataset(page, site, "modelling", "train_embedder")
    page.click("text=Show Code")
    page.wait_for_selector("text=Train step by step; what a step leaves behind is saved")
    assert "training" in page.locator(".pipeline-metadata__list").inner_text()


def test_the_server_starts_shows_the_run_and_ends(page, project):
    # Kedro-Viz takes none above 49151, which the system would give.
    port = free_port()
    server = viz(project, "run", "--no-browser", "--host", "127.0.0.1", "--port", str(port))
    try:
        wait_until(lambda: answers(port), server)
        page.goto(f"http://127.0.0.1:{port}/workflow")
        page.wait_for_selector(".pipeline-node:has-text('train_embedder')")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/run-status") as answer:
            status = json.load(answer)
        nodes = {node["status"] for node in status["nodes"].values()}
        assert (status["pipeline"]["status"], nodes) == ("success", {"success"})
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
    server.communicate(timeout=PATIENCE)
    wait_until(lambda: not group_lives(server.pid))
    assert not answers(port)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def group_lives(group):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False
