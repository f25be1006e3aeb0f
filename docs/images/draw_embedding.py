"""Draw embedding.png from the latest run: the map of the embedding, an image beside each class.

In the project's folder, after a run: ``python docs/images/draw_embedding.py``.
"""

from pathlib import Path

import numpy as np
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image

from plankton_embedding.figures.palette import class_colours
from plankton_embedding.figures.style import figure_style

WIDTH, HEIGHT, DOTS_AN_INCH = 7.0, 5.0, 200
# Of a picture, in the units of a map whose sides are 1.
SPAN = np.array([0.088, 0.123])


def find_places(middles, points, starts=200):
    """Return places of pictures that cover neither points nor each other, near their classes."""
    random = np.random.default_rng(0)
    found = [push_apart(middles, random.normal(0, 0.06, middles.shape)) for _ in range(starts)]
    return min(found, key=lambda places: cost(places, middles, points))


def cost(places, middles, points):
    """Return how much is covered, and a little for each detour."""
    covered = (np.abs(places[:, None] - points[None]) < SPAN * 0.55).all(axis=2).sum()
    touching = (np.abs(places[:, None] - places[None]) < SPAN * 0.98).all(axis=2).sum()
    return covered + 20 * touching + 15 * np.linalg.norm(places - middles, axis=1).sum()


def push_apart(middles, start, rounds=400):
    """Push pictures apart, and off the middles of all classes."""
    places = middles + start
    for _ in range(rounds):
        places = places + push_off(places, places, SPAN) + push_off(places, middles, SPAN * 0.75)
        # Not farther from its class than it must be.
        places += (middles - places) * 0.002
        places = places.clip(SPAN / 2, 1 - SPAN / 2)
    return places


def push_off(places, others, span):
    """Return how each is pushed: off what it covers, the shorter way."""
    between = places[:, None] - others[None] + 1e-9
    overlap = (span - np.abs(between)).clip(0)
    overlap[(overlap == 0).any(axis=2)] = 0
    if others is places:
        np.einsum("iij->ij", overlap)[:] = 0
    shorter = np.argmin(overlap / span, axis=2)[:, :, None] == np.arange(2)
    return (np.sign(between) * overlap * shorter).sum(axis=1) * 0.1


def draw(embedding_map, store):
    """Return the figure."""
    points = embedding_map.assign(class_name=embedding_map["class_name"].astype(str))
    corner, far = points[["x", "y"]].min(), points[["x", "y"]].max()
    points[["x", "y"]] = (points[["x", "y"]] - corner) / (far - corner) * 0.84 + 0.08
    colours = class_colours(points["class_name"])
    middles = points.groupby("class_name")[["x", "y"]].median()
    places = find_places(middles.to_numpy(), points[["x", "y"]].to_numpy())
    with figure_style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_AN_INCH, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        axes.scatter(points["x"], points["y"], s=11, c=points["class_name"].map(colours), lw=0)
        for name, middle, place in zip(middles.index, middles.to_numpy(), places, strict=True):
            of_class = points[points["class_name"] == name]
            nearest = ((of_class[["x", "y"]] - middle) ** 2).sum(axis=1).idxmin()
            (pixels,) = store.images(store.rows([points.loc[nearest, "image_id"]]))
            picture = OffsetImage(Image.fromarray(pixels).resize((120, 120)), cmap="gray", zoom=0.3)
            axes.plot(*np.stack([middle, place]).T, color=colours[name], lw=0.8, zorder=0)
            axes.add_artist(
                AnnotationBbox(
                    picture, place, frameon=True, pad=0.1, bboxprops={"edgecolor": colours[name]}
                )
            )
    return figure


def main():
    """Draw it from the project in the working directory."""
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd()) as session:
        catalog = session.load_context().catalog
        figure = draw(catalog.load("embedding_map"), catalog.load("image_store"))
    target = Path(__file__).with_name("embedding.png")
    figure.savefig(target, dpi=DOTS_AN_INCH)
    Image.open(target).convert("RGB").quantize(256).save(target, optimize=True)


if __name__ == "__main__":
    main()
