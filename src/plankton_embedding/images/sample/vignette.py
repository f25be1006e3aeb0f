"""Vignette: a noisy gray image of an organism, as a scanner would take it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from plankton_embedding.images.sample.outlines import curve, ellipse, ribbon
from plankton_embedding.images.sample.parts import Part, Random
from plankton_embedding.images.sample.pose import pose


def draw_vignette(parts: list[Part], random: Random) -> Image.Image:
    """Draw one organism as a scanner would see it.

    Parameters
    ----------
    parts
        An organism as it is drawn: along the x axis, about one unit long.
    random
        Draws everything that is not the organism itself: pose, ink, debris, blur and grain.

    Returns
    -------
    8-bit gray image, 30 to 300 pixels a side, dark on white
    """
    posed, (width, height) = pose(parts, random)
    density = _ink(posed, width, height) * random.uniform(0.45, 1.5)
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
