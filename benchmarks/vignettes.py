"""ZooScan-like vignettes for benchmarks: as many files as wanted, each with bytes of its own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.settings import PROJECT

SAMPLE = PROJECT / "data" / "01_raw" / "sample"
CLASSES = 20
# With these they are like those of a ZooScan that were looked at (325 images, 90,000 pixels on
# average, 300 on the longer side in the median, 14 % of them not white, 7 kB): as large, as white.
_ENLARGED, _WITH_MARGIN = 1.85, 2.4
_PAPER = 225


def write_vignettes(folder: Path, count: int, different: int = 1000) -> None:
    """Write PNG files into class folders.

    Parameters
    ----------
    folder
        Does not exist yet.
    count
        How many files.
    different
        How many pictures; further files repeat them, with another number after the image's end,
        so that no two files have the same bytes.
    """
    sample = sorted(SAMPLE.glob("*/*.png"))
    pictures = [vignette(sample[number % len(sample)]) for number in range(min(count, different))]
    for name in range(CLASSES):
        (folder / f"class_{name:02d}").mkdir(parents=True)
    for number in range(count):
        path = folder / f"class_{number % CLASSES:02d}" / f"{number:07d}.png"
        path.write_bytes(pictures[number % len(pictures)] + number.to_bytes(4))


def vignette(path: Path) -> bytes:
    """Return one image of the sample, as large as a scanner's, on a background that is white."""
    with Image.open(path) as image:
        width, height = (round(side * _ENLARGED) for side in image.size)
        page_width, page_height = (round(side * _WITH_MARGIN) for side in image.size)
        gray = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    page = np.full((page_height, page_width), 255, dtype=np.uint8)
    top, left = (page_height - height) // 2, (page_width - width) // 2
    page[top : top + height, left : left + width] = np.where(gray > _PAPER, 255, gray)
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    return file.getvalue()
