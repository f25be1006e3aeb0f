"""The embedded sample: 27 class folders of drawn, plankton-like gray images.

It lets anybody run the project offline. Nothing in it is real: the class names say what is
drawn. Equal seeds give equal files, byte for byte, with equal versions of numpy and Pillow::

    python -m plankton_embedding.images.sample data/01_raw/sample --seed 0
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo
from tqdm import tqdm

from plankton_embedding.images.sample_shapes import (
    CLASSES,
    Part,
    Points,
    Random,
    curve,
    ellipse,
    ribbon,
)

logger = logging.getLogger(__name__)

MARKER = "this_folder_is_removed_when_the_sample_is_drawn"
SHORTEST_SIDE = 30
LONG_SIDES = (60, 296)


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
    fewest, most = images_per_class
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
    if not 1 <= fewest <= most:
        raise ValueError(
            f"images_per_class must be (fewest, most) from 1 on, not {images_per_class}"
        )
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


# --- files ----------------------------------------------------------------------------------


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
                draw_image(name, _generator(seed, name, number)).save(path, pnginfo=description)
                progress.update()


# --- from an organism to a vignette -------------------------------------------------------------


def draw_image(name: str, random: Random) -> Image.Image:
    """Draw one image (8-bit gray, 30 to 300 pixels a side) of the class `name`."""
    parts, (width, height) = _pose(CLASSES[name](random), random)
    density = _ink(parts, width, height) * random.uniform(0.45, 1.5)
    density *= 1 + random.uniform(0.05, 0.22) * (
        _noise(random, density.shape, 6) + _noise(random, density.shape, 25)
    )
    density += _ink(_debris(random, width, height), width, height)
    background = random.uniform(240, 252) + 2 * _noise(random, density.shape, 3)
    bright = background * np.exp(-density.clip(0))
    blur = float(random.uniform(0.3, 0.9) * np.sqrt(max(width, height) / 130))
    image = Image.fromarray(bright.clip(0, 255).astype(np.uint8))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32)
    grain = random.standard_normal(soft.shape, np.float32) * random.uniform(0.8, 2.5)
    return Image.fromarray((soft + grain).clip(0, 255).round().astype(np.uint8))


def _pose(parts: list[Part], random: Random) -> tuple[list[Part], tuple[int, int]]:
    """Bend, turn and scale an organism into pixels; the crop is tight around it."""
    warp = _warp(random)
    moved = [Part([warp(outline) for outline in part.outlines], part.density) for part in parts]
    points = np.concatenate([outline for part in moved for outline in part.outlines])
    low, high = points.min(axis=0), points.max(axis=0)
    side = float(np.clip(130 * np.exp(random.normal(0, 0.4)), *LONG_SIDES))
    before, after = 2 + side * random.uniform(0.01, 0.15, (2, 2))
    scale = float((side - before - after).min() / (high - low).max())
    size = np.ceil((high - low) * scale + before + after)
    before += np.maximum(SHORTEST_SIDE - size, 0) / 2
    width, height = np.maximum(size, SHORTEST_SIDE).astype(int).tolist()
    scaled = [
        Part([(outline - low) * scale + before for outline in part.outlines], part.density)
        for part in moved
    ]
    return scaled, (width, height)


def _warp(random: Random) -> Callable[[Points], Points]:
    """A way to lie under the scanner: swayed, bent, tilted, mirrored and turned."""
    bend, tilt, shear = random.uniform([-0.35, 0.6, -0.3], [0.35, 1.15, 0.3])
    sway, phase = random.uniform(0, 0.035, 2), random.uniform(0, 2 * np.pi, 2)
    angle, mirror = random.uniform(0, 2 * np.pi), random.choice([-1, 1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    def warp(outline: Points) -> Points:
        x, y = (outline + sway * np.sin(5 * outline[:, ::-1] + phase)).T
        bent = np.stack([x + shear * y, mirror * (tilt * y + bend * x**2)], axis=1)
        turned: Points = bent @ turn
        return turned

    return warp


def _ink(parts: list[Part], width: int, height: int) -> NDArray[np.float32]:
    """Optical density (height, width) of parts in pixels, drawn larger and reduced."""
    factor = 4 if max(width, height) < 140 else 2
    density = np.zeros((height, width), np.float32)
    for part in parts:
        mask = Image.new("L", (width * factor, height * factor))
        pen = ImageDraw.Draw(mask)
        for outline in part.outlines:
            pen.polygon((outline * factor).ravel().tolist(), fill=255)
        density += np.asarray(mask.reduce(factor), np.float32) * (part.density / 255)
    return density


def _noise(random: Random, shape: tuple[int, ...], cells: int) -> NDArray[np.float32]:
    """Smooth noise of about unit size, `cells` grains across the image."""
    grains = Image.fromarray(random.standard_normal((cells, cells), np.float32))
    height, width = shape
    return np.asarray(grains.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _debris(random: Random, width: int, height: int) -> list[Part]:
    """Specks anywhere, and now and then a thread or a pale crumb."""
    size = np.array([width, height])
    specks = [
        ellipse(*(random.uniform(0, 1, 2) * size), *random.uniform(0.5, 1.6, 2))
        for _ in range(random.poisson(4))
    ]
    parts = [Part(specks, random.uniform(0.2, 0.7))]
    if random.random() < 0.15:
        length = random.uniform(0.2, 0.5) * size.max()
        thread = curve(
            random.uniform(0, 1, 2) * size, random.uniform(0, 6.3), length, random.normal()
        )
        parts.append(Part([ribbon(thread, 0.7)], 0.4))
    if random.random() < 0.15:
        radius = 0.04 * size.max() * random.uniform(0.5, 1.3, 2)
        parts.append(Part([ellipse(*(random.uniform(0, 1, 2) * size), *radius)], 0.3))
    return parts


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m plankton_embedding.images.sample")
    parser.add_argument("directory", type=Path, help="where the class folders go")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if options.seed < 0:
        parser.error(f"--seed must be at least 0, not {options.seed}")
    try:
        draw_sample(options.directory, options.seed)
    except FileExistsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
