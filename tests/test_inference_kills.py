"""An inference that is killed again and again ends as if nothing had happened."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pandas as pd
import pytest

from commands import run, start, versions
from patience import PATIENCE, wait_until
from plankton_embedding.datasets.embedding_blocks_dataset import EarlierBlocksDataset
from tiny_project import draw_images
from trained_project import copy_models

pytestmark = pytest.mark.slow

BLOCKS = "07_model_output/inference_embeddings"
# All that a run leaves, but for what stands in its name and time.
RESULTS = (
    "07_model_output/class_predictions.parquet",
    "07_model_output/class_predictions.csv",
    "07_model_output/ecotaxa_predictions.tsv",
    "08_reporting/inference_summary.json",
    "08_reporting/predicted_counts.csv",
    "08_reporting/unreadable_images.csv",
    "08_reporting/review.html",
)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Return a folder of so many images that a run can be caught in the middle of them."""
    folder = draw_images(tmp_path_factory.mktemp("new") / "images", images_per_class=80)
    (folder / "disc" / "text.png").write_text("this is text")
    return folder


def arguments(images: Path) -> list[str]:
    return ["--pipelines", "inference", "--params", f"images={images},inference.images_per_block=8"]


def blocks(project: Path) -> dict[str, Path]:
    """Return the whole blocks that lie on the disk, by name; of equal ones the first that was."""
    files = sorted((project / "data" / BLOCKS).glob("*/*/*.parquet"), reverse=True)
    return {file.name: file for file in files}


def _name(file: Path) -> str:
    return file.name


def kill_after(project: Path, images: Path, new_blocks: int) -> str:
    """Start a run, and kill it and all its processes when it has saved some blocks of its own."""
    before = len(blocks(project))
    process = start(project, *arguments(images))
    wait_until(lambda: len(blocks(project)) >= before + new_blocks, process)
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    return output


def test_a_killed_inference_goes_on_and_ends_as_one_that_was_not(trained_once, images, tmp_path):
    whole = copy_models(trained_once, tmp_path / "whole")
    run(whole, *arguments(images))
    wanted = {file.name for file in blocks(whole).values()}
    assert len(wanted) > 15

    project = copy_models(trained_once, tmp_path / "killed")
    kill_after(project, images, 1)
    first = blocks(project)
    # What a kill in the middle of a write leaves.
    (next(iter(first.values())).parent / f".{max(wanted)}.partial").write_bytes(b"PAR1")
    kill_after(project, images, 4)
    left = blocks(project)
    assert len(first) < len(left) < len(wanted), "it was not killed in the middle"
    assert not versions(project, RESULTS[0])
    assert all(left[name].samefile(file) for name, file in first.items())
    done = sum(len(pd.read_parquet(file)) for file in left.values())

    output = run(project, *arguments(images))

    assert f"Embedding: unchanged: {done}, new: {241 - done}," in output
    assert re.search(r"Went through (\d+) new files", output)[1] == str(241 - done)
    complete = [
        folder for folder in versions(project, BLOCKS) if wanted == {*map(_name, folder.iterdir())}
    ]
    (finished,) = complete
    # Those that were done are the very files.
    assert all((finished / name).samefile(file) for name, file in left.items())
    for result in RESULTS:
        one, other = (versions(place, result)[-1] for place in (whole, project))
        assert one.read_bytes() == other.read_bytes(), result


def test_what_a_kill_leaves_of_a_block_is_no_block(tmp_path):
    folder = tmp_path / "embeddings" / "2026-01-01T00.00.00.000Z" / "embeddings"
    folder.mkdir(parents=True)
    (folder / ".000000-of-000002-aaaa.parquet.partial").write_bytes(b"PAR1")
    (folder / "000001-of-000002-bbbb.parquet").write_bytes(b"")
    assert EarlierBlocksDataset(filepath=str(tmp_path / "embeddings")).load() == {}
