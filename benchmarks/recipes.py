"""Recipes on real images, for the same time: the default from random weights, and the reference's.

PWSSC, a dark-field camera in situ: 23 classes, 128 px, splits grouped by camera frame.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.our_training import in_shards, make_store
from benchmarks.settings import PROJECT, load_parameters
from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.scores import averaged_scores, class_scores
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.session import train_in_steps

FOLDER = PROJECT.parent / "shared" / "real_plankton" / "pwssc"
SECONDS = 300
SEEDS = (0, 1, 2)
_TRIAL_EPOCHS = 3
# What the two have in common: random weights, small images, the machine.
_COMMON: dict[str, Any] = {
    "preprocess": {"image_size": 128, "background": "black"},
    "embedder": {"weights": None},
}
logger = logging.getLogger(__name__)


def compare_recipes(seeds: tuple[int, ...] = SEEDS) -> dict[str, str]:
    """Train by both recipes for the same time with each seed; score both on test images."""
    if not FOLDER.is_dir():
        return {"real images": f"not measured: {FOLDER} is not there"}
    pixels, table, frames = _read()
    store, ids = make_store(
        in_shards(pixels),
        table["class_name"].tolist(),
        {"image_size": 128, "fit": "resize", "background": "black", "crop_bottom": 0},
    )
    splits = {
        seed: ids.assign(split=grouped_split(table["class_name"], frames, seed)) for seed in seeds
    }
    recipes = {"default": default_recipe, "reference": reference_recipe}
    # Once, for every seed has the same work to do, however busy the machine is by then.
    parameters = {
        name: build(batches_in(SECONDS, build, store, splits[seeds[0]]))
        for name, build in recipes.items()
    }
    scores: dict[str, list[float]] = {"default": [], "reference": [], "raw pixels": []}
    spent: list[float] = []
    for seed in seeds:
        for name, options in parameters.items():
            score, seconds = train_and_score(options, store, splits[seed], seed)
            logger.info("Seed %d, %s: %.3f after %.0f s", seed, name, score, seconds)
            scores[name].append(score)
            spent.append(seconds)
        raw = pixels.reshape(len(pixels), -1)
        scores["raw pixels"].append(_score(raw, splits[seed]))
    rows = {
        f"PWSSC, balanced test accuracy, {name}": (
            f"{mean(values):.3f}"
            + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")
            + f" ({', '.join(f'{value:.3f}' for value in values)})"
        )
        for name, values in scores.items()
    }
    rows["seconds of training"] = f"{min(spent):.0f} to {max(spent):.0f}"
    return rows


def default_recipe(batches: int, training: dict[str, Any] | None = None) -> Parameters:
    """Return the default from random weights (``conf/scratch``), scaled to a number of batches.

    As many steps as there; the batches are shared out evenly over their epochs.
    """
    wanted = load_parameters("scratch", **_COMMON)
    stages = (wanted.training.warm_up, wanted.training.network)
    epochs = sum(stage.steps for stage in stages)
    changes = {
        "batches": _epoch_of(batches / epochs),
        "warm_up": {"epochs_per_step": 1},
        "network": {"epochs_per_step": 1},
    }
    return load_parameters("scratch", **_COMMON, training=changes | (training or {}))


def reference_recipe(batches: int) -> Parameters:
    """Return the reference's recipe, scaled: a twentieth for the head, then the whole network."""
    changes = {
        "batches": _epoch_of(batches / 20),
        "head": {"epochs_per_step": 1},
        "network": {"epochs_per_step": 19, "steps": 1},
    }
    return load_parameters("reference", **_COMMON, training=changes)


def _epoch_of(batches: float) -> dict[str, Any]:
    # The validation loss chooses nothing here: one batch, or it would take longer than training.
    return {"batches_per_epoch": max(1, round(batches)), "validation_batches": 1}


def batches_in(
    seconds: float, build: Callable[[int], Parameters], store: ImageStore, splits: pd.DataFrame
) -> int:
    """Return how many batches of a recipe's whole network this machine trains in a time."""
    trial = build(60)
    rate = _images_per_second(trial, store, splits)
    batches = round(seconds * rate / _images_per_batch(trial))
    logger.info("%s: %.1f images/s, %d batches", build.__name__, rate, batches)
    return batches


def train_and_score(
    options: Parameters, store: ImageStore, splits: pd.DataFrame, seed: int
) -> tuple[float, float]:
    """Train and score; the time is that of training, without validation.

    Returns
    -------
    score
        Balanced accuracy of the test images by the nearest centroid of the training images.
    seconds
        That the training took.
    """
    steps = list(train_in_steps(store, splits, options.embedder, options.training, seed))
    history = pd.concat([step.history for step in steps])
    epoch = options.training.batches.batches_per_epoch
    assert isinstance(epoch, int)
    images = epoch * _images_per_batch(options)
    seconds = float((images / history["images_per_second"]).sum())
    network = Embedder(options.embedder)
    network.load_state_dict(steps[-1].checkpoint.weights)
    compute = Compute(options.training)
    everything = select_images(store, splits.assign(split="train"), "train")
    vectors = map_images(network.eval(), everything, compute, 128).numpy()
    return _score(vectors, splits), seconds


def _images_per_batch(options: Parameters) -> int:
    batch = options.training.batches
    if batch.sampler == "random_triplets":
        return 3 * batch.triplets
    return batch.classes * batch.images_per_class


def _images_per_second(options: Parameters, store: ImageStore, splits: pd.DataFrame) -> float:
    """Return the median rate of the whole network's first epochs, less the first: it warms up."""
    rates: list[float] = []
    for step in train_in_steps(store, splits, options.embedder, options.training, 0):
        whole = step.history["trained"] == "whole network"
        rates += step.history.loc[whole, "images_per_second"].tolist()
        if len(rates) > _TRIAL_EPOCHS:
            return median(rates[1:])
    raise ValueError(f"the recipe trains the whole network for {_TRIAL_EPOCHS} epochs or less")


def _score(vectors: np.ndarray, splits: pd.DataFrame) -> float:
    train, test = (splits["split"] == name for name in ("train", "test"))
    names = splits["class_name"].to_numpy(dtype=str)
    centroids = fit_centroids(vectors[train], names[train])
    predicted, _ = classify(vectors[test], centroids)
    return averaged_scores(class_scores(names[test], predicted))["balanced_accuracy"]


def _read() -> tuple[np.ndarray, pd.DataFrame, pd.Series]:
    files = sorted(FOLDER.glob("*/*.png"))
    options = load_parameters(None, **_COMMON).preprocess
    pixels = np.stack([preprocess(file.read_bytes(), options) for file in files])
    table = pd.DataFrame({"class_name": [file.parent.name for file in files]})
    # SPC-PWSSC-TIME-FRAME-…: images of one frame are not independent.
    frames = pd.Series([_frame(file) for file in files])
    return pixels, table, frames


def _frame(file: Path) -> str:
    return "-".join(file.name.split("-")[:4])


def grouped_split(labels: pd.Series, groups: pd.Series, seed: int) -> np.ndarray:
    """Give a fifth of the images to the test and a fifth to validation, frame by frame."""
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    split = np.full(len(labels), "train", dtype=object)
    parts = [part for _, part in folds.split(labels, labels, groups)]
    split[parts[0]], split[parts[1]] = "test", "validation"
    return split
