"""Measure accuracy on real plankton: `make bench-accuracy`.

`python -m benchmarks.accuracy ROW …` measures some of it: ``pwssc``, ``lake``, ``uvp6``,
``zooscan``, ``unseen`` (all by ``--env laptop``), ``inception-pwssc`` and ``inception-zooscan``
(the default recipe from ``../shared/pretrained``).
Needs ../shared/real_plankton. Three seeds; splits of three fifths to train, a fifth to validate, a
fifth to test, grouped by camera frame where frames are known. Balanced test accuracy; validation
images alone choose shrinkages, steps and the strength of the logistic regression. Prints tables in
Markdown.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.our_training import in_shards, make_store
from benchmarks.recipes import grouped_split
from benchmarks.settings import PROJECT, load_parameters
from benchmarks.training import machine
from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.pixel_vectors import pixel_vectors
from plankton_embedding.analysis.scores import averaged_scores, class_scores
from plankton_embedding.analysis.significance import compare_in_pairs
from plankton_embedding.analysis.support_sets import draw_support_sets, zero_shot_images
from plankton_embedding.analysis.zero_shot import compare_zero_shot
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.checkpoint import Checkpoint, KeptCheckpoint
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.session import train_in_steps

SHARED = PROJECT.parent / "shared"
INCEPTION_WEIGHTS = SHARED / "pretrained" / "inception_v3_photographs.safetensors"
SEEDS = (0, 1, 2)
SUPPORT = 5
_STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)
LOGISTIC = "logistic regression on frozen features"
OURS, OURS_BY_VALIDATION = "trained, nearest centroid", "trained, centroids of validation images"


@dataclass(frozen=True)
class Collection:
    """Images of ../shared/real_plankton and how they are preprocessed.

    Attributes
    ----------
    folder
        Its name.
    preprocess
        Parameters beside those of the environment.
    is_grouped
        Whether the first four fields of a file's name are a camera frame.
    """

    folder: str
    preprocess: dict[str, Any]
    is_grouped: bool = False

    def read(self, parameters: Parameters) -> tuple[np.ndarray, pd.DataFrame]:
        """Return preprocessed images, and ``class_name`` and ``group`` of each."""
        folder = SHARED / "real_plankton" / self.folder
        files = sorted(file for file in folder.glob("*/*") if file.suffix != ".md")
        pixels = np.stack([preprocess(file.read_bytes(), parameters.preprocess) for file in files])
        names = [file.name for file in files]
        if self.is_grouped:
            names = ["-".join(name.split("-")[:4]) for name in names]
        classes = [file.parent.name for file in files]
        return pixels, pd.DataFrame({"class_name": classes, "group": names})


DARK: dict[str, Any] = {"background": "black"}
PWSSC = Collection("pwssc", DARK, is_grouped=True)
LAKE = Collection("lake_zooplankton", DARK)
UVP6 = Collection("uvp6", DARK)
ZOOSCAN = Collection("zooscan_labelled", {"crop_bottom": "auto"})


@dataclass
class Scores:
    """What the seeds gave, by the name of what was scored."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Add one seed's."""
        self.values.setdefault(name, []).append(value)
        print(f"  {name}: {value:.3f}", file=sys.stderr, flush=True)

    def rows(self, collection: str) -> dict[str, str]:
        """Return mean, standard deviation and single values."""
        return {f"{collection}, {name}": _spread(values) for name, values in self.values.items()}


def measure(
    collection: Collection, parameters: Parameters, seeds: tuple[int, ...] = SEEDS
) -> dict[str, str]:
    """Train and score with each seed, beside what needs no training."""
    began = time.perf_counter()
    pixels, table = collection.read(parameters)
    store, ids = make_store(
        in_shards(pixels), table["class_name"].tolist(), parameters.preprocess.model_dump()
    )
    preparing = time.perf_counter() - began
    scores, tests = Scores(), []
    for seed in seeds:
        print(f"{collection.folder}, seed {seed}", file=sys.stderr, flush=True)
        splits = ids.assign(split=grouped_split(table["class_name"], table["group"], seed))
        tests.append(_measure_seed(store, splits, parameters, seed, preparing, scores))
    rows = scores.rows(collection.folder)
    rows[f"{collection.folder}, {OURS} against {LOGISTIC}"] = "; ".join(tests)
    return rows


def _measure_seed(
    store: ImageStore,
    splits: pd.DataFrame,
    parameters: Parameters,
    seed: int,
    preparing: float,
    scores: Scores,
) -> str:
    names = splits["class_name"].to_numpy(dtype=str)
    where = {name: (splits["split"] == name).to_numpy() for name in ("train", "validation", "test")}
    truth = names[where["test"]]

    began = time.perf_counter()
    steps, minutes = [], []
    for step in train_in_steps(store, splits, parameters.embedder, parameters.training, seed):
        steps.append(step)
        minutes.append((time.perf_counter() - began + preparing) / 60)
        card = step.checkpoint.card
        print(
            f"  step {card.step} ({card.stage}): validation {card.choosing_accuracy:.3f}",
            file=sys.stderr,
            flush=True,
        )
    features, frozen = _embed(store, splits, parameters, steps[0].checkpoint)

    def by_centroids(vectors: np.ndarray, split: str = "train") -> np.ndarray:
        centroids = fit_centroids(vectors[where[split]], names[where[split]])
        return classify(vectors[where["test"]], centroids)[0]

    raw = pixel_vectors(store, splits["image_id"], 32)
    scores.add("raw pixels, nearest centroid", _balanced(truth, by_centroids(raw)))
    scores.add("frozen features, nearest centroid", _balanced(truth, by_centroids(features)))
    logistic = _logistic(features, names, where)
    scores.add(LOGISTIC, _balanced(truth, logistic))
    scores.add("closed-form head, nearest centroid", _balanced(truth, by_centroids(frozen)))
    scores.add("closed-form head, minutes from files to embedder", minutes[0])
    accuracy = [step.checkpoint.card.choosing_accuracy for step in steps]
    best = int(np.argmax(accuracy))
    _, vectors = _embed(store, splits, parameters, steps[best].checkpoint)
    ours = by_centroids(vectors)
    scores.add(OURS, _balanced(truth, ours))
    scores.add(OURS_BY_VALIDATION, _balanced(truth, by_centroids(vectors, "validation")))
    scores.add("trained, minutes from files to embedder", minutes[-1])
    return f"{_balanced(truth, ours) - _balanced(truth, logistic):+.3f}, p = " + _p_value(
        splits[where["test"]], ours, logistic
    )


def _embed(
    store: ImageStore,
    splits: pd.DataFrame,
    parameters: Parameters,
    checkpoint: Checkpoint | KeptCheckpoint,
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and embeddings of all images by a step's network."""
    compute = Compute(parameters.training)
    network = Embedder(parameters.embedder)
    network.load_state_dict(checkpoint.weights)
    network.eval()
    everything = select_images(store, splits.assign(split="train"), "train")
    features = map_images(network.features, everything, compute, 128)
    return features.numpy(), network.head(features).detach().numpy()


def _logistic(features: np.ndarray, names: np.ndarray, where: dict[str, np.ndarray]) -> np.ndarray:
    """Return what a user of timm and scikit-learn would predict; validation images choose C."""
    train, validation = where["train"], where["validation"]
    scaler = StandardScaler().fit(features[train])
    scaled = scaler.transform(features)
    best, predicted = -1.0, np.empty(0)
    for strength in _STRENGTHS:
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(scaled[train], names[train])
        accuracy = _balanced(names[validation], model.predict(scaled[validation]))
        if accuracy > best:
            best, predicted = accuracy, model.predict(scaled[where["test"]])
    return predicted


def measure_unseen(seeds: tuple[int, ...] = SEEDS) -> dict[str, str]:
    """Keep 10 lake classes from the training; tell them by 5 images each."""
    parameters = laptop(LAKE)
    pixels, table = LAKE.read(parameters)
    store, ids = make_store(
        in_shards(pixels), table["class_name"].tolist(), parameters.preprocess.model_dump()
    )
    scores = Scores()
    for seed in seeds:
        print(f"unseen lake classes, seed {seed}", file=sys.stderr, flush=True)
        classes = np.unique(table["class_name"])
        unseen = np.random.default_rng(seed).choice(classes, 10, replace=False)
        split = grouped_split(table["class_name"], table["group"], seed)
        splits = ids.assign(split=np.where(table["class_name"].isin(unseen), "unseen", split))
        work = (store, splits, parameters.embedder, parameters.training, seed)
        steps = list(train_in_steps(*work))
        accuracy = [step.checkpoint.card.choosing_accuracy for step in steps]
        best = int(np.argmax(accuracy))
        embeddings = pd.concat([step.embeddings for step in steps])
        images = zero_shot_images(embeddings, steps[best].checkpoint.card.step, splits)
        sets = draw_support_sets(images, [SUPPORT], 0.2, 20, seed)
        vectors = {"trained": images.filter(regex=r"^e\d+$").to_numpy(dtype=float)}
        found = compare_zero_shot(vectors, sets, 5)
        for row in found[found["measure"] == "harmonic_mean"].itertuples():
            scores.add(f"harmonic mean, {SUPPORT} images, {row.method}", float(str(row.mean)))
    return scores.rows("lake_zooplankton, 10 classes unseen")


def laptop(collection: Collection) -> Parameters:
    """Return the parameters of ``--env laptop`` for a collection."""
    return load_parameters("laptop", preprocess=collection.preprocess)


def inception(collection: Collection, image_size: int, images: int) -> Parameters:
    """Return the default parameters, from shared weights, scaled to a number of images trained.

    As many steps of each stage as there; an epoch each, and the images shared out evenly.
    """
    wanted = load_parameters(None).training
    epochs = wanted.warm_up.steps + wanted.network.steps
    batch = wanted.batches.classes * wanted.batches.images_per_class
    training = {
        "warm_up": {"epochs_per_step": 1},
        "network": {"epochs_per_step": 1},
        "batches": {"batches_per_epoch": max(1, round(images / epochs / batch))},
    }
    return load_parameters(
        None,
        preprocess=collection.preprocess | {"image_size": image_size},
        embedder={"weights": str(INCEPTION_WEIGHTS)},
        training=training,
    )


def _balanced(truth: np.ndarray, predicted: np.ndarray) -> float:
    return float(averaged_scores(class_scores(truth, predicted))["balanced_accuracy"])


def _p_value(test: pd.DataFrame, ours: np.ndarray, theirs: np.ndarray) -> str:
    answers = pd.concat(
        test[["image_id", "class_name"]].assign(classifier=name, predicted_class=predicted)
        for name, predicted in (("ours", ours), ("theirs", theirs))
    )
    return f"{compare_in_pairs(answers)['p_value'].iloc[0]:.2g}"


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    singles = ", ".join(f"{value:.3f}" for value in values)
    return f"{mean(values):.3f} ± {stdev(values):.3f} ({singles})"


ROWS: dict[str, Callable[[], dict[str, str]]] = {
    "pwssc": lambda: measure(PWSSC, laptop(PWSSC)),
    "lake": lambda: measure(LAKE, laptop(LAKE)),
    "uvp6": lambda: measure(UVP6, laptop(UVP6)),
    "zooscan": lambda: measure(ZOOSCAN, laptop(ZOOSCAN)),
    "unseen": measure_unseen,
    # What two cores train in five minutes.
    "inception-pwssc": lambda: measure(PWSSC, inception(PWSSC, 128, 18_000)),
    "inception-zooscan": lambda: measure(ZOOSCAN, inception(ZOOSCAN, 299, 2_000)),
}


def main() -> None:
    """Measure the rows that are named, or all of them."""
    unknown = [name for name in sys.argv[1:] if name not in ROWS]
    if unknown:
        sys.exit(f"there is no row {unknown[0]!r}: {', '.join(ROWS)}")
    if not Path(SHARED, "real_plankton").is_dir():
        sys.exit(f"{SHARED / 'real_plankton'} is not there: nothing to measure on")
    print(f"{date.today()}, {machine()}\n\n| measured | |\n|---|---|")
    for name in sys.argv[1:] or ROWS:
        for what, value in ROWS[name]().items():
            print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
