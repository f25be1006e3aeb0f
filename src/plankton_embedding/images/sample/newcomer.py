"""A class that is not in the sample: something for a trained network to meet for the first time."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from plankton_embedding.images.sample.outlines import ellipse, ribbon
from plankton_embedding.images.sample.parts import Part, Random, blobs, hairs
from plankton_embedding.images.sample.vignette import draw_vignette

NEWCOMER = "ring__of_beads"


def ring_of_beads(random: Random) -> list[Part]:
    """A closed ring of beads, a grain in each, with short hairs outwards."""
    count = int(random.integers(9, 14))
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    outwards = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    centre = 0.42 * outwards * [1, random.uniform(0.75, 1)]
    bead = 1.25 / count
    beads = [ellipse(x, y, bead) for x, y in centre]
    lengths = np.linspace(1.0, 1.9, 6)[:, np.newaxis]
    spines = [place + bead * lengths * way for place, way in zip(centre, outwards, strict=True)]
    return [
        Part(beads, 0.45),
        Part([ribbon(outline, 0.013) for outline in beads], 0.7),
        blobs(random, centre, 0.04, 0.7),
        hairs(spines, 0.011, 0.8),
    ]


def draw_newcomer(directory: Path, seed: int, images: int) -> Path:
    """Draw images of the class ``ring__of_beads`` into a class folder, unless it is there.

    Parameters
    ----------
    directory
        Where the class folder goes.
    seed
        At least 0.
    images
        How many.

    Returns
    -------
    Path
        The class folder.
    """
    folder = directory / NEWCOMER
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, images + 1):
        path = folder / f"{NEWCOMER}_{number:03d}.png"
        if not path.exists():
            entropy = (seed, zlib.crc32(NEWCOMER.encode()), number)
            random = np.random.default_rng(np.random.SeedSequence(entropy))
            draw_vignette(ring_of_beads(random), random).save(path)
    return folder
