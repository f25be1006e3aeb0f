"""A build of the image store that is killed goes on, and nothing half-written is ever loadable."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patience import PATIENCE
from plankton_embedding.images.shards import ImageStoreError
from plankton_embedding.images.store import ImageStore

KILLS = 20
BUILD = """
import sys
from pathlib import Path
from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.class_folders import list_class_folders
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.images.store_writer import write_image_store
from plankton_embedding.parameters import Parameters
from tiny_project import NO_DUPLICATES, tiny_values

images, folder, *earlier = map(Path, sys.argv[1:])
values = tiny_values(images)
values["engine"] = {"backend": "loky", "workers": 2, "address": None}
values["preprocess"]["image_size"] = 150
options = Parameters.model_validate(values)
listed = list_class_folders(open_location(str(images)))
building = folder.parent / ".building"
print("building", flush=True)
ahead = StoreAhead(building, options.preprocess, options.store.images_per_shard)
manifest = scan_images(listed, options.scan, options.engine, None, ahead)
splits = assign_splits(manifest, NO_DUPLICATES, options.split, options.seed)
content = prepare_images(
    listed, manifest, splits, "f1", (options.preprocess, options.store, options.engine)
)
write_image_store(folder, content, building, earlier)
"""
ROOT = Path(__file__).resolve().parents[1]


def start(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> str:
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    return output


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for number in range(400):
        path = folder / f"class {number % 4}" / f"{number:03d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256, (120, 160), dtype=np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def undisturbed(images, tmp_path_factory) -> tuple[Path, float]:
    """Return a store, and the seconds that scan and build took."""
    folder = tmp_path_factory.mktemp("undisturbed") / "store"
    process = start(images, folder)
    assert "building" in process.stdout.readline()
    began = time.perf_counter()
    finish(process)
    return folder, time.perf_counter() - began


@pytest.mark.slow
def test_a_build_that_was_killed_at_any_moment_goes_on(images, undisturbed, tmp_path):
    expected, seconds = undisturbed
    random = np.random.default_rng(1)
    broken_off = 0
    for number in range(KILLS):
        folder = tmp_path / str(number) / "store"
        folder.parent.mkdir()
        process = start(images, folder)
        line = process.stdout.readline()
        while line and "building" not in line:
            line = process.stdout.readline()
        time.sleep(random.uniform(0, seconds))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if folder.exists():
            # It was built faster than the first.
            seconds *= 0.8
        else:
            broken_off += 1
            with pytest.raises(ImageStoreError, match="no complete image store"):
                ImageStore(folder)
            finish(start(images, folder))
        assert content_of(folder) == content_of(expected)
    # Else nothing was tested.
    assert broken_off > KILLS / 4


@pytest.fixture
def small_disk(tmp_path):
    """Return a disk of 4 MiB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_earlier_version_still_loads(images, small_disk, tmp_path):
    few = tmp_path / "few"
    for path in sorted(images.glob("*/*.png"))[::8]:
        (few / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, few / path.parent.name)
    first = small_disk / "first" / "store"
    first.parent.mkdir()
    finish(start(few, first))
    before = ImageStore(first).images(np.arange(50))
    second = small_disk / "second" / "store"
    second.parent.mkdir()
    process = start(images, second, first)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "is full" in output
    assert "Make room" in output
    with pytest.raises(ImageStoreError, match="no complete image store"):
        ImageStore(second)
    np.testing.assert_array_equal(ImageStore(first).images(np.arange(50)), before)


@pytest.mark.slow
def test_a_disk_that_becomes_full_and_a_kill_leave_nothing_half_written(
    images, small_disk, tmp_path
):
    # Room for the check, taken away while shards are written.
    store = small_disk / "store"
    hoard = small_disk / "hoard"
    few = tmp_path / "few"
    for path in sorted(images.glob("*/*.png"))[::4]:
        (few / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, few / path.parent.name)
    process = start(few, store)
    line = process.stdout.readline()
    while line and "building" not in line:
        line = process.stdout.readline()
    while process.poll() is None and not list(small_disk.glob(".building/*.arrow")):
        time.sleep(0.001)
    with hoard.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    output, _ = process.communicate(timeout=PATIENCE)
    if process.returncode:
        assert "is full" in output
        with pytest.raises(ImageStoreError, match="no complete image store"):
            ImageStore(store)
        hoard.unlink()
        finish(start(few, store))
    assert len(ImageStore(store)) == 100
