"""Folder: the whole sample, drawn into class folders and moved into place at once."""

from __future__ import annotations

import logging
import shutil
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tqdm import tqdm

from plankton_embedding.images.sample.classes import CLASSES
from plankton_embedding.images.sample.parts import Random
from plankton_embedding.images.sample.vignette import draw_vignette

logger = logging.getLogger(__name__)

MARKER = "this_folder_is_removed_when_the_sample_is_drawn"


def draw_sample(directory: Path, seed: int, images_per_class: tuple[int, int] = (40, 80)) -> None:
    """Draw the sample into `directory`, unless it already holds it.

    The images are drawn into ``<directory>.partial`` and moved at the end, all at once: an
    interrupted drawing is begun again by the next call.

    Parameters
    ----------
    directory
        A folder that does not exist, is empty, or holds a sample drawn earlier.
    seed
        Seed of every draw, at least 0. Each image has a generator of its own, seeded by
        `seed`, its class and its number in the class.
    images_per_class
        Fewest and most images of a class, both inclusive.

    Raises
    ------
    FileExistsError
        The directory holds anything else. It is left as it is.
    ValueError
        `seed` or `images_per_class` is out of range.
    """
    _check_options(seed, images_per_class)
    directory = directory.resolve()
    counts = {name: _count(seed, name, images_per_class) for name in CLASSES}
    if _holds_sample(directory, seed, counts):
        logger.info("%s already holds the sample of seed %d: nothing drawn", directory, seed)
        return
    started = time.perf_counter()
    partial = _clear_partial(directory)
    _draw_classes(partial / "images", seed, counts)
    (partial / "images").replace(directory)
    shutil.rmtree(partial)
    what = f"{sum(counts.values())} images of {len(counts)} classes (seed {seed})"
    logger.info("drew %s into %s in %.1f s", what, directory, time.perf_counter() - started)


def _check_options(seed: int, images_per_class: tuple[int, int]) -> None:
    fewest, most = images_per_class
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
    if not 1 <= fewest <= most:
        raise ValueError(
            f"images_per_class must be (fewest, most) from 1 on, not {images_per_class}"
        )


def _generator(seed: int, name: str, number: int) -> Random:
    """Image `number` of a class draws from this; number 0 tells how many images there are."""
    return np.random.default_rng(np.random.SeedSequence((seed, zlib.crc32(name.encode()), number)))


def _count(seed: int, name: str, images_per_class: tuple[int, int]) -> int:
    return int(_generator(seed, name, 0).integers(*images_per_class, endpoint=True))


def _files(directory: Path, name: str, count: int) -> list[Path]:
    return [directory / name / f"{name}_{number:03d}.png" for number in range(1, count + 1)]


def _origin(seed: int) -> str:
    """What every image says of itself, in its PNG description."""
    return f"synthetic: drawn by plankton_embedding.images.sample, seed {seed}"


def _holds_sample(directory: Path, seed: int, counts: dict[str, int]) -> bool:
    """Whether the wanted sample is there and whole; anything else in the way is an error."""
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return False
    wanted = {path for name, count in counts.items() for path in _files(directory, name, count)}
    found = {path for name in counts for path in (directory / name).glob("*.png")}
    if not found:
        raise FileExistsError(f"{directory} is not a drawn sample: choose another directory")
    try:
        with Image.open(min(found)) as image:
            origin = image.info.get("Description")
    except OSError:
        origin = None
    if origin != _origin(seed) or found != wanted:
        raise FileExistsError(
            f"{directory} holds other images than the {len(wanted)} of the sample of seed {seed} "
            f"({len(wanted - found)} missing, {len(found - wanted)} unknown; the first is "
            f"{origin or 'not drawn here'}): choose another directory, or remove this one"
        )
    return True


def _clear_partial(directory: Path) -> Path:
    """A folder beside `directory` to draw in, cleared of what an interrupted drawing left."""
    partial = directory.with_name(directory.name + ".partial")
    if (partial / MARKER).is_file():
        shutil.rmtree(partial)
    elif partial.exists() and (not partial.is_dir() or any(partial.iterdir())):
        raise FileExistsError(f"{partial} is in the way and was not drawn here: move it")
    partial.mkdir(parents=True, exist_ok=True)
    (partial / MARKER).touch()
    return partial


def _draw_classes(directory: Path, seed: int, counts: dict[str, int]) -> None:
    description = PngInfo()
    description.add_text("Description", _origin(seed))
    total = sum(counts.values())
    with tqdm(total=total, desc="drawing", unit="image", leave=False, disable=None) as progress:
        for name, count in counts.items():
            (directory / name).mkdir(parents=True)
            for number, path in enumerate(_files(directory, name, count), start=1):
                random = _generator(seed, name, number)
                image = draw_vignette(CLASSES[name](random), random)
                image.save(path, pnginfo=description)
                progress.update()
