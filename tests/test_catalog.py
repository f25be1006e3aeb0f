"""Contracts of the catalogue: what every pipeline's datasets have in common."""

import inspect
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from patience import PATIENCE
from plankton_embedding.pipeline_registry import register_pipelines
from tiny_project import ROOT, make_project

LAYERS = {
    *("01_raw", "02_intermediate", "03_primary", "05_model_input"),
    *("06_models", "07_model_output", "08_reporting"),
}
PREVIEWS = {"TablePreview", "JSONPreview", "ImagePreview", "PlotlyPreview", "HTMLPreview"}
# What runs begin with: the user's images, and what earlier runs left.
THE_PAST = {"raw_images", "earlier_manifest", "store_building", "earlier_trainings"}
# What `kedro sweep` writes, trial after trial.
STUDIES = {"sweep_studies"}
READ_ONLY = THE_PAST | {
    "earlier_class_gallery",
    "earlier_gallery_embeddings",
    "earlier_inference_embeddings",
    *STUDIES,
}
# What makes up `kedro run`; the others begin with what it leaves, and images of their own.
DEFAULT = ("data_engineering", "modelling", "gallery", "reporting")
OTHERS = ("enrol", "inference")
# What compares trainings that `kedro sweep` has run.
COMPARING = ("sweep",)
# What one pipeline makes, and another makes anew.
MADE_ANEW = {"enrol": {"class_gallery", "gallery_embeddings", "decision_rule"}}


def entries():
    found = {}
    for path in sorted((ROOT / "conf" / "base" / "catalog").glob("*.yml")):
        found |= read_entries(path)
    return found


def read_entries(path):
    """Read a catalogue file, but for what entries take over from: names with an underscore."""
    entries = yaml.safe_load(path.read_text())
    return {name: entry for name, entry in entries.items() if not name.startswith("_")}


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory, image_folder):
    bootstrap_project(make_project(tmp_path_factory.mktemp("project"), image_folder))
    return register_pipelines()


@pytest.mark.parametrize("name", entries())
def test_a_dataset_lies_in_the_folder_of_its_layer(name):
    entry = entries()[name]
    layer = entry["metadata"]["kedro-viz"]["layer"]
    assert layer in LAYERS
    if name not in READ_ONLY and entry["type"] != "MemoryDataset":
        assert entry["filepath"].startswith(
            f"data/{layer}/{re.sub('_(figure|page|table)$', '', name)}"
        )
        assert entry["versioned"] is True


def test_catalogue_and_pipelines_name_the_same_datasets(pipelines):
    used = set().union(*(pipeline.datasets() for pipeline in pipelines.values()))
    used = {name for name in used if not name.startswith("params:")}
    assert used == set(entries())


def test_there_is_one_catalogue_file_a_pipeline(pipelines):
    files = {path.stem for path in (ROOT / "conf" / "base" / "catalog").glob("*.yml")}
    assert files == {*DEFAULT, *OTHERS, *COMPARING} == set(pipelines) - {"__default__"}
    for name in files:
        path = ROOT / "conf" / "base" / "catalog" / f"{name}.yml"
        outputs = pipelines[name].all_outputs() - MADE_ANEW.get(name, set())
        assert set(read_entries(path)) - READ_ONLY == outputs


def test_earlier_trainings_are_read_where_trainings_are_written():
    catalog = entries()
    written = {
        name: place["filepath"]
        for name, place in catalog["earlier_trainings"].items()
        if isinstance(place, dict) and "filepath" in place
    }
    assert len(written) == 5
    assert written == {name: catalog[name]["filepath"] for name in written}


def test_the_default_is_the_sum_of_what_trains_and_reports(pipelines):
    parts = [pipelines[name] for name in DEFAULT]
    assert set(pipelines["__default__"].nodes) == {node for part in parts for node in part.nodes}


def test_the_default_needs_no_more_than_images_parameters_and_the_past(pipelines):
    inputs = pipelines["__default__"].inputs()
    assert {name for name in inputs if not name.startswith("params:")} == THE_PAST


def test_what_is_changed_is_read_where_it_is_written():
    catalog = entries()
    for name in READ_ONLY - THE_PAST - STUDIES:
        assert catalog[name]["filepath"] == catalog[name.removeprefix("earlier_")]["filepath"]


def test_what_uses_an_embedder_begins_with_images_and_what_the_default_leaves(pipelines):
    made = pipelines["__default__"].all_outputs()
    for name in OTHERS:
        inputs = {one for one in pipelines[name].inputs() if not one.startswith("params:")}
        assert inputs - {"raw_images", "earlier_inference_embeddings"} <= {
            *made,
            *(f"earlier_{one}" for one in made),
        }


def test_nodes_are_named_after_their_functions(pipelines):
    for node in set().union(*(pipeline.nodes for pipeline in pipelines.values())):
        assert node.name.removeprefix(f"{node.namespace}.") == node.func.__name__
        assert node.func.__doc__


def test_chapters_of_the_report_are_namespaces_that_do_not_interleave(pipelines):
    """Kedro-Viz can close none that another one, which needs it, is needed by."""
    made_in = {
        name: node.namespace for node in pipelines["reporting"].nodes for name in node.outputs
    }
    needed = {}
    for node in pipelines["reporting"].nodes:
        before = {made_in[name] for name in node.inputs if name in made_in}
        needed.setdefault(node.namespace, set()).update(before - {node.namespace})
    order = list(TopologicalSorter(needed).static_order())
    assert len(order) == 12
    assert order[-1] is None


@pytest.mark.parametrize("env", ["base", "sample", "scratch", "reference"])
def test_every_dataset_resolves(env, tmp_path, image_folder):
    project = make_project(tmp_path, image_folder)
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        catalog = session.load_context().catalog
        for name in entries():
            assert catalog.get(name) is not None


def test_what_is_kept_has_a_preview(tmp_path, image_folder):
    project = make_project(tmp_path, image_folder)
    bootstrap_project(project)
    with KedroSession.create(project) as session:
        catalog = session.load_context().catalog
        for name, entry in entries().items():
            if entry["type"] != "MemoryDataset":
                preview = inspect.signature(catalog.get(name).preview)
                kind = preview.return_annotation
                # Kedro-Viz goes by the name.
                assert getattr(kind, "__name__", kind) in PREVIEWS, name
                preview.bind(**entry["metadata"]["kedro-viz"].get("preview_args", {}))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["registry", "list"], "data_engineering"),
        (["catalog", "describe-datasets", "--env", "sample"], "image_store"),
        (["viz", "build"], ""),
    ],
)
def test_commands_that_only_look(command, expected, tmp_path, image_folder):
    project = make_project(tmp_path / "project", image_folder)
    result = subprocess.run(
        [sys.executable, "-m", "kedro", *command],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert result.returncode == 0, result.stderr
    assert expected in result.stdout
    if command == ["viz", "build"]:
        graph = json.loads((project / "build" / "api" / "main").read_text())
        assert graph["layers"] == sorted(LAYERS)
        assert {pipeline["id"] for pipeline in graph["pipelines"]} >= {"__default__", "modelling"}
