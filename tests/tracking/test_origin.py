"""Where a run comes from: command, commit, uncommitted changes, environment."""

import json
import subprocess
from importlib.metadata import version

import pytest

from plankton_embedding.tracking import origin
from plankton_embedding.tracking.origin import origin_tags, write_origin


@pytest.fixture
def project(tmp_path):
    """Return a git repository with one commit."""
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init")
    (project / "file").write_text("before\n")
    git(project, "add", "file")
    git(project, "commit", "-m", "first")
    return project


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def written(project, folder):
    folder.mkdir()
    write_origin(project, folder)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_commit(project, tmp_path):
    assert "mlflow.source.git.commit" not in origin_tags(tmp_path)
    tags = origin_tags(project)
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert tags["git.dirty"] == "false"
    (project / "file").write_text("after\n")
    assert origin_tags(project)["git.dirty"] == "true"


def test_the_command_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/kedro", "run", "--params", "title=a b"])
    assert origin_tags(tmp_path)["command"] == "kedro run --params 'title=a b'"


def test_the_environment(project, tmp_path):
    files = written(project, tmp_path / "clean")
    assert files.keys() == {"environment.json", "requirements.txt"}
    assert f"torch=={version('torch')}" in files["requirements.txt"].splitlines()
    assert json.loads(files["environment.json"])["packages"]["numpy"] == version("numpy")


def test_uncommitted_changes(project, tmp_path, monkeypatch):
    (project / "file").write_text("after\n")
    patch = written(project, tmp_path / "dirty")["uncommitted.patch"]
    git(project, "checkout", "file")
    (tmp_path / "patch").write_text(patch)
    git(project, "apply", str(tmp_path / "patch"))
    assert (project / "file").read_text() == "after\n"
    monkeypatch.setattr(origin, "_LONGEST_PATCH", 10)
    assert "uncommitted.patch" not in written(project, tmp_path / "big")
