"""Measure the data engineering: `make bench-data`, or `python -m benchmarks.data PART …`.

Parts: ``build`` (scan, preprocessing and store, against the reference's way: ImageMagick's
``convert``, one process an image; and a second run), ``growth`` (2,000 to 200,000 images; 21 GB of
disk), ``reads`` (random batches from the store, against Pillow). Prints tables in Markdown.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.peers import read_image
from benchmarks.settings import PROJECT
from benchmarks.vignettes import write_vignettes
from plankton_embedding.images.store import ImageStore

SIZE = 299
ROUNDS = 3
BUILD_IMAGES = 10_000
CONVERTED_IMAGES = 200
GROWTH = (2_000, 20_000, 200_000)
READ_BATCH, READ_SECONDS = 60, 3.0


@dataclass(frozen=True)
class Build:
    """What a build took.

    Attributes
    ----------
    files
        Images.
    scan, split, store
        Seconds to list and describe all files; to find copies and split; to preprocess the images
        and write the store.
    peak
        Bytes of memory that the main process held at most.
    """

    files: int
    scan: float
    split: float
    store: float
    peak: int

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.scan + self.split + self.store

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.files / self.seconds


def make_vignettes(folder: Path, count: int) -> None:
    """Write vignettes, and wait until the scan trusts their times."""
    write_vignettes(folder, count)
    time.sleep(3)


def run_build(images: Path, data: Path) -> Build:
    """Build in a process of its own, with its workers started; what lies in `data` is reused."""
    command = [sys.executable, "-m", "benchmarks.data_build", str(images), str(data)]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return Build(**json.loads(done.stdout.splitlines()[-1]))


def convert_images(files: list[Path], folder: Path, processes: int) -> float:
    """Fit images into a white square by ImageMagick, as the reference work did; return images/s."""
    program = shutil.which("convert-im6") or shutil.which("convert")
    if program is None:
        raise SystemExit("ImageMagick is missing: apt-get install imagemagick")
    square = f"{SIZE}x{SIZE}"
    options = ["-resize", square, "-gravity", "center", "-background", "white", "-extent", square]

    def convert(file: Path) -> None:
        # One thread each: they would only wait for one another on two cores.
        environment = os.environ | {"MAGICK_THREAD_LIMIT": "1"}
        target = str(folder / file.name)
        subprocess.run([program, str(file), *options, target], check=True, env=environment)

    began = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(convert, files))
    return len(files) / (time.perf_counter() - began)


def measure_build(work: Path) -> dict[str, str]:
    """Race builds against ImageMagick, in turns; then build once more with nothing changed."""
    images = work / "images"
    make_vignettes(images, BUILD_IMAGES)
    files = sorted(images.glob("*/*.png"))[:CONVERTED_IMAGES]
    builds: list[Build] = []
    one, two = [], []
    for number in range(ROUNDS):
        converted = work / f"converted-{number}"
        converted.mkdir()
        one.append(convert_images(files, converted, 1))
        two.append(convert_images(files, converted, 2))
        builds.append(run_build(images, work / f"data-{number}"))
    again = [run_build(images, work / "data-0") for _ in range(ROUNDS)]
    ours = median(build.rate for build in builds)
    first = median(build.seconds for build in builds)
    second = median(build.seconds for build in again)
    return {
        f"scan, preprocessing, store of {BUILD_IMAGES:,} vignettes": (
            f"{ours:,.0f} images/s ({_range(build.rate for build in builds)}); scan alone "
            f"{BUILD_IMAGES / median(build.scan for build in builds):,.0f}, preprocessing and "
            f"store alone {BUILD_IMAGES / median(build.store for build in builds):,.0f}"
        ),
        "the reference's way, `convert`, a process an image, one at a time": (
            f"{median(one):.1f} images/s: ours {ours / median(one):.0f} times as fast"
        ),
        "the same, two at a time": (
            f"{median(two):.1f} images/s: ours {ours / median(two):.0f} times as fast"
        ),
        "second run, nothing changed": f"{second:.2f} s of {first:.2f} s: {second / first:.1%}",
    }


def measure_growth(work: Path) -> dict[str, str]:
    """Build from few images and from many."""
    rows: dict[str, str] = {}
    smallest = 0.0
    for count in GROWTH:
        images, data = work / f"images-{count}", work / f"data-{count}"
        make_vignettes(images, count)
        build = run_build(images, data)
        smallest = smallest or build.seconds / count
        rows[f"{count:,} images"] = (
            f"{build.seconds:.1f} s ({build.rate:,.0f} images/s, "
            f"{build.seconds / count / smallest - 1:+.0%} an image), main process at most "
            f"{build.peak / 2**20:,.0f} MiB"
        )
        again = run_build(images, data)
        rows[f"{count:,} images, second run, nothing changed"] = (
            f"{again.seconds:.2f} s: {again.seconds / build.seconds:.1%}, main process at most "
            f"{again.peak / 2**20:,.0f} MiB"
        )
        shutil.rmtree(data)
        shutil.rmtree(images)
    return rows


def measure_reads(work: Path) -> dict[str, str]:
    """Read random batches, in turns with Pillow that decodes and resizes the files."""
    images, data = work / "images", work / "data"
    make_vignettes(images, BUILD_IMAGES)
    run_build(images, data)
    files = sorted(images.glob("*/*.png"))
    store = ImageStore(sorted(data.glob("image_store/*/image_store"))[-1])
    random = np.random.default_rng(0)

    def from_store() -> None:
        store.images(random.integers(len(store), size=READ_BATCH))

    def by_pillow() -> None:
        for number in random.integers(len(files), size=READ_BATCH):
            read_image(files[number], SIZE)

    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_rate(from_store))
        theirs.append(_rate(by_pillow))
    return {
        f"random batches of {READ_BATCH} of {len(store):,} images from the store": (
            f"{median(ours):,.0f} images/s ({_range(ours)})"
        ),
        "Pillow on the fly": (
            f"{median(theirs):,.0f} images/s: ours {median(ours) / median(theirs):.0f} times that"
        ),
    }


def _rate(read_batch: Callable[[], None]) -> float:
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < READ_SECONDS:
        read_batch()
        batches += 1
    return batches * READ_BATCH / (time.perf_counter() - began)


def _range(values: object) -> str:
    numbers = sorted(values)  # type: ignore[call-overload]
    return f"{numbers[0]:,.0f} to {numbers[-1]:,.0f}"


PARTS: dict[str, Callable[[Path], dict[str, str]]] = {
    "build": measure_build,
    "growth": measure_growth,
    "reads": measure_reads,
}


def main() -> None:
    """Measure the parts that the command names, or all."""
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}")
    for name in sys.argv[1:] or PARTS:
        # Beside the data, where there is room: /tmp may be in memory.
        with tempfile.TemporaryDirectory(dir=PROJECT / "data", prefix=".bench-") as folder:
            rows = PARTS[name](Path(folder))
        print("\n| measured | |\n|---|---|")
        print("\n".join(f"| {row} | {value} |" for row, value in rows.items()), flush=True)


if __name__ == "__main__":
    main()
