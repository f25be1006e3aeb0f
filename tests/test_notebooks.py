"""Notebooks run from their first cell to the last on what a tiny run leaves behind."""

import base64
import io
import json
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image

from patience import PATIENCE
from tiny_project import ROOT, draw_images, make_project

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURE, TABLE, TEXT = "image/png", "text/html", "text/plain"

# What the cell that holds these words shows.
PROMISES = {
    "01_look_at_the_data": {
        "manifest[shown]": TABLE,
        "find_problems(": TABLE,
        "count_kinds(": TABLE,
        "rejected.head(": TABLE,
        "draw_class_counts(": PICTURE,
        "draw_size_distribution(": PICTURE,
        "draw_class_sheets(": PICTURE,
        "draw_copies(": PICTURE,
        "draw_preprocessing(": PICTURE,
    },
    "02_train_and_watch": {
        "trial.train(parameters)": PICTURE,
        "trial.metrics.round(": TABLE,
        "go_on=True": PICTURE,
        "mlflow.search_runs(": TABLE,
        "get_metric_history(": PICTURE,
    },
    "03_explore_the_embedding": {
        'sort_values("recall")[shown]': TABLE,
        "draw_geometry_over_steps(": PICTURE,
        "draw_radii_over_steps(": PICTURE,
        "draw_component_views(": PICTURE,
        "draw_embedding_map(": PICTURE,
        "draw_confusion_matrix(": PICTURE,
        "draw_confused_pairs(": PICTURE,
        "nearest_to(": TABLE,
        "draw_look_alikes(": PICTURE,
        "draw_classifier_comparison(": PICTURE,
        "suggested_class": TABLE,
        "draw_label_suspects(": PICTURE,
    },
    "04_new_classes": {
        "draw_class_sheets(": PICTURE,
        "draw_novelty(": PICTURE,
        'groupby("class_name")': TABLE,
        "look_alikes.nearest(paths[ids[0]], 7)": TABLE,
        "draw_look_alikes(": PICTURE,
        "draw_zero_shot(": PICTURE,
        'summary["enrolled"]': TEXT,
        "accuracy_summary(": TEXT,
        "neighbours.head(": TABLE,
        "changes.assign(": TABLE,
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a tiny project whose default pipeline has run, with two copies and a bad file."""
    folder = tmp_path_factory.mktemp("notebooks")
    images = draw_images(folder / "images")
    shutil.copy(images / "bar" / "03.png", images / "bar" / "copy.png")
    shutil.copy(images / "bar" / "04.png", images / "disc" / "conflict.png")
    (images / "disc" / "bad.png").write_text("no image")
    project = make_project(folder / "project", images)
    bootstrap_project(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with KedroSession.create(project) as session:
            session.run()
    return project


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def executed(request, project):
    """Return a notebook's name and its cells of code, executed."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    # Either place will do.
    place = project if request.param.stem.startswith("01") else project / "notebooks"
    place.mkdir(exist_ok=True)
    content = nbformat.read(request.param, as_version=4)
    before = {path.name for path in (project / "data").glob("*/*/*")}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "KEDRO_ENV"):
            patch.delenv(name, raising=False)
        resources = {"metadata": {"path": place}}
        # An error in a cell is raised here.
        nbclient.NotebookClient(
            content, timeout=PATIENCE, kernel_name="python3", resources=resources
        ).execute()
    newcomers = {path.name for path in (project / "data" / "01_raw").glob("*/*")}
    assert {path.name for path in (project / "data").glob("*/*/*")} - newcomers <= before
    return request.param.stem, [cell for cell in content.cells if cell.cell_type == "code"]


def shown(cells, words, kind):
    """Return what the one cell that holds these words shows of a kind."""
    found = [cell for cell in cells if words in cell.source]
    assert len(found) == 1, f"{len(found)} cells hold {words}"
    data = [output["data"] for output in found[0].outputs if "data" in output]
    of_kind = [values[kind] for values in data if kind in values]
    # Lines of the log are HTML as well.
    return [value for value in of_kind if kind != TABLE or "<table" in value]


def rows_of(table):
    return table.count("<tr") - 1


@pytest.mark.slow
def test_a_notebook_shows_what_it_promises(executed):
    name, cells = executed
    assert cells[0].source.startswith("%load_ext kedro.ipython")
    for words, kind in PROMISES[name].items():
        outputs = shown(cells, words, kind)
        assert outputs, f"the cell with {words} shows no {kind}"
        for output in outputs if kind == PICTURE else []:
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(output))).convert("L"))
            assert pixels.std() > 5, f"the picture of {words} is blank"
    errors = [
        output.text
        for cell in cells
        for output in cell.outputs
        if output.output_type == "stream" and "Traceback" in output.text
    ]
    assert not errors
    READERS.get(name, lambda cells: None)(cells)


def read_data(cells):
    assert "copy of another" not in str(cells)
    (kinds,) = shown(cells, "count_kinds(", TABLE)
    assert "not an image" in kinds
    (findings,) = shown(cells, "find_problems(", TABLE)
    assert "stands under two classes" in findings


def read_training(cells):
    (metrics,) = shown(cells, "trial.metrics.round(", TABLE)
    assert rows_of(metrics) == 3
    # Drawn anew where they stood, not one below the other.
    for words in ("trial.train(parameters)", "go_on=True"):
        assert len(shown(cells, words, PICTURE)) == 2
    (runs,) = shown(cells, "mlflow.search_runs(", TABLE)
    assert "FINISHED" in runs


def read_embedding(cells):
    (table,) = shown(cells, "nearest_to(", TABLE)
    assert rows_of(table) == 7


def read_new_classes(cells):
    (table,) = shown(cells, "look_alikes.nearest(paths[ids[0]], 7)", TABLE)
    assert rows_of(table) == 7
    assert "<th>path</th>" in table
    *_, enrolled = shown(cells, 'summary["enrolled"]', TEXT)
    # Without the colours of a terminal.
    assert "'images': 10" in re.sub(r"\x1b\[[\d;]*m", "", enrolled)


READERS = {
    "01_look_at_the_data": read_data,
    "02_train_and_watch": read_training,
    "03_explore_the_embedding": read_embedding,
    "04_new_classes": read_new_classes,
}


def test_all_notebooks_make_promises():
    assert [path.stem for path in NOTEBOOKS] == [*PROMISES]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_piece_of_code_is_explained(notebook):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    kinds = [cell["cell_type"] for cell in content["cells"]]
    assert kinds[0] == "markdown"
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            lines = [line for line in cell["source"] if line.strip()]
            assert len(lines) <= 12, "".join(lines)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(notebook):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    # Names of kernels, versions and times of execution differ from machine to machine.
    assert content["metadata"] == {}
    assert all(cell["metadata"] == {} for cell in content["cells"])


def test_what_was_left_in_a_notebook_is_stripped(tmp_path):
    pytest.importorskip("nbstripout")
    notebook = tmp_path / "used.ipynb"
    content = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    content["metadata"] = {"kernelspec": {"name": "mine"}, "language_info": {"version": "3.99"}}
    used = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    used |= {"execution_count": 7, "metadata": {"execution": {"iopub.execute_input": "now"}}}
    used["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["secret"]}]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    options = shlex.split(strip_options())
    command = [sys.executable, "-m", "nbstripout", *options, str(notebook)]
    verify = [*command[:-1], "--verify", str(notebook)]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 1
    subprocess.run(command, check=True)
    assert notebook.read_text(encoding="utf-8") == NOTEBOOKS[0].read_text(encoding="utf-8")
    subprocess.run(verify, check=True)


def strip_options():
    """Return what `make strip` calls nbstripout with."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("NBSTRIPOUT_OPTIONS")]
    return line.partition(":=")[2]
