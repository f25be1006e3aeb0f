"""What `make` promises beyond the pipelines."""

import shutil
import subprocess

import pytest

from tiny_project import ROOT


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_clean_removes_what_runs_wrote_and_keeps_the_user_s_images(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    kept = ["data/01_raw/images/copepod/1.png", "data/02_intermediate/.gitkeep", "conf/local/a.yml"]
    removed = ["data/01_raw/sample/x/1.png", "data/08_reporting/r.html/1/r.html", "mlflow.db"]
    for name in kept + removed:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert [name for name in kept if not (tmp_path / name).exists()] == []
    assert [name for name in removed if (tmp_path / name).exists()] == []
