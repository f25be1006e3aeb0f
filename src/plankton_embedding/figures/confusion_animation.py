"""The confusion matrix over the steps of a training, as a moving picture."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from plankton_embedding.analysis.confusions import ConfusionFrames, confusion_frames
from plankton_embedding.figures.confusion import SHARE_COLOUR, draw_shares
from plankton_embedding.figures.style import GRID, INK, MUTED, PAPER, figure_style

# Test images are scored at few steps, maybe at the last alone.
ANIMATED_SPLIT = "validation"
_DOTS_PER_INCH, _TITLE_HEIGHT = 80, 0.55
_FRAME_MILLISECONDS, _LAST_FRAME_MILLISECONDS = 700, 2500
# With 128 colours the picture needs 7 bits a pixel.
_SHADES_OF_SHARES, _SHADES_OF_LETTERS = 92, 12


def draw_confusion_animation(confusions: pd.DataFrame, order: Sequence[str]) -> bytes:
    """Draw the confusions of validation images, a frame a step, as a GIF that repeats.

    The centroids are those of the same images: the accuracy in the title is optimistic. Classes
    and colours (share of the true class's images, on a square-root scale) are the same in all
    frames.

    Parameters
    ----------
    confusions : DataFrame
        As from `plankton_embedding.analysis.confusions.count_confusions_over_steps`.
    order : sequence of str
        The classes, as from `order_classes`.
    """
    frames = confusion_frames(confusions, order, ANIMATED_SPLIT)
    palette = _palette()
    first, *others = [_in_palette(pixels, palette) for pixels in _draw_frames(frames)]
    durations = [_FRAME_MILLISECONDS] * len(others) + [_LAST_FRAME_MILLISECONDS]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return file.getvalue()


def _draw_frames(frames: ConfusionFrames) -> Iterator[NDArray[np.uint8]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    shares, titles = frames.shares, step_titles(frames)
    with figure_style():
        figure, image = draw_shares(shares[-1], list(frames.class_names))
        figure.set_dpi(_DOTS_PER_INCH)
        figure.set_figheight(figure.get_figheight() + _TITLE_HEIGHT)
        canvas = FigureCanvasAgg(figure)
        title = figure.suptitle(titles[-1], x=0.02, ha="left", fontsize=10.5)
        # All else is drawn once.
        image.set_animated(True)
        title.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
        for of_step, text in zip(shares, titles, strict=True):
            canvas.restore_region(still)
            image.set_data(of_step)
            title.set_text(text)
            figure.draw_artist(image)
            figure.draw_artist(title)
            yield np.asarray(canvas.buffer_rgba())[:, :, :3]


def step_titles(frames: ConfusionFrames) -> list[str]:
    """Return a title of two lines of each step, with the accuracy of its images."""
    images = frames.counts.sum(axis=(1, 2))
    return [
        f"Step {step}: {100 * accuracy:.1f} % right\n"
        f"{count:,} validation images, by their own centroids"
        for step, accuracy, count in zip(frames.steps, frames.accuracies, images, strict=True)
    ]


def _palette() -> NDArray[np.uint8]:
    # Made from the scale, not from a frame: rare colours keep theirs, and frames do not flicker.
    from matplotlib.colors import to_rgb

    paper = np.array(to_rgb(PAPER))
    inks = [SHARE_COLOUR, to_rgb(INK), to_rgb(MUTED), to_rgb(GRID)]
    shades = [_SHADES_OF_SHARES, *[_SHADES_OF_LETTERS] * 3]
    colours = np.concatenate(
        [
            paper + np.linspace(0, 1, count)[:, np.newaxis] * (ink - paper)
            for ink, count in zip(inks, shades, strict=True)
        ]
    )
    return np.rint(255 * colours).astype(np.uint8)


def _in_palette(pixels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> Image.Image:
    # Pillow's own choice is approximate: white paper became gray.
    from scipy.spatial.distance import cdist

    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    codes, colours = pd.factorize(packed.ravel())
    unpacked = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    nearest = cdist(unpacked, palette).argmin(axis=1).astype(np.uint8)
    picture = Image.fromarray(nearest[codes].reshape(packed.shape))
    picture.putpalette(palette.tobytes())
    return picture
