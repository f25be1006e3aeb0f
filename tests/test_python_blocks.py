"""Every Python block of the documentation, run as it is printed beside a trained embedder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from documents import PAGES, read_blocks
from patience import PATIENCE

pytestmark = pytest.mark.slow

BLOCKS = [
    block
    for page in PAGES
    for block in read_blocks(page)
    if block.language == "python" and block.is_checked
]


@pytest.fixture(scope="module")
def project(trained_once, tmp_path_factory):
    """Return a project with a registered model, the exported network and an image."""
    folder = shutil.copytree(trained_once, tmp_path_factory.mktemp("blocks") / "project")
    name = {"registered_model": "plankton_embedding"}
    (folder / "conf" / "local" / "mlflow.yml").write_text(json.dumps(name))
    shutil.copy(trained_once.parent / "images" / "disc" / "00.png", folder / "animal.png")
    images = f"images={trained_once.parent / 'images'}"
    for command in (
        ["run", "--pipelines", "inference", "--params", images],
        ["register-model"],
        ["export-embedder", "--format", "onnx", "--output", "embedder.onnx"],
        ["export-embedder", "--format", "torch", "--output", "embedder.pt2"],
    ):
        run([sys.executable, "-m", "kedro", *command], folder)
    return folder


def run(command, folder):
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_some():
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_runs(block, project):
    text = block.text
    if block.marker:
        # It begins with what the one before it left.
        text = BLOCKS[BLOCKS.index(block) - 1].text + text
    run([sys.executable, "-c", text], project)
