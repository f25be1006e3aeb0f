"""Notebooks run from their first cell to the last on what a tiny run leaves behind."""

import shutil

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tiny_project import ROOT, draw_images, make_project

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a tiny project whose default pipeline has run."""
    folder = tmp_path_factory.mktemp("notebooks")
    project = make_project(folder / "project", draw_images(folder / "images"))
    bootstrap_project(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with KedroSession.create(project) as session:
            session.run()
    return project


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs(notebook, project):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    place = project / "notebooks"
    place.mkdir(exist_ok=True)
    shutil.copy(notebook, place)
    content = nbformat.read(place / notebook.name, as_version=4)
    nbclient.NotebookClient(content, timeout=300, resources={"metadata": {"path": place}}).execute()
    cells = [cell for cell in content.cells if cell.cell_type == "code"]
    kinds = [kind for cell in cells for output in cell.outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") >= 3
    assert kinds.count("text/html") >= 3
    assert "error" not in {output.output_type for cell in cells for output in cell.outputs}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(notebook):
    nbformat = pytest.importorskip("nbformat")
    content = nbformat.read(notebook, as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
