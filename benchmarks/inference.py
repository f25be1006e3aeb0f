"""Measure the inference pipeline against the bare network, on the same device in the same run.

``PYTHONPATH=src python -m benchmarks.inference [--images FOLDER] [--count N] [--device cuda]`` runs
the whole pipeline (listing, reading, decoding, embedding, classifying, all tables, the review page)
over copies of the images of a folder, and before and after it the network alone on images that are
in memory already. How fast a network is does not hang on its weights: they are random.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import torch
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from benchmarks.settings import PROJECT, load_parameters
from plankton_embedding.analysis.decision_rule import fit_decision_rule
from plankton_embedding.analysis.embedding_tables import class_labels, embedding_matrix
from plankton_embedding.analysis.gallery_images import fit_to_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.prepare_batch import PreparedBatch
from plankton_embedding.parameters import Parameters
from plankton_embedding.pipelines.inference import create_pipeline
from plankton_embedding.training.card import EmbedderCard, package_versions
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embed_files import forward
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.trained_embedder import TrainedEmbedder
from plankton_embedding.training.weights import initialise

CLASSES, IMAGES_A_CLASS = 27, 100
_BATCHES_IN_MEMORY = 4


def make_embedder(parameters: Parameters) -> TrainedEmbedder:
    """Return a network of random weights with a card."""
    torch.manual_seed(0)
    network = Embedder(parameters.embedder)
    initialise(network, None)
    card = EmbedderCard(
        backbone=network.facts,
        classes=[f"class_{number:02d}" for number in range(CLASSES)],
        step=1,
        stage="network",
        metrics={},
        data_fingerprint="",
        embedder=parameters.embedder,
        preprocess=parameters.preprocess,
        training=parameters.training,
        seed=0,
        continues=None,
        computed_on="",
        versions=package_versions(),
    )
    return TrainedEmbedder(network.state_dict(), card)


def make_gallery(embedder: TrainedEmbedder, parameters: Parameters) -> dict[str, Any]:
    """Return a gallery of random vectors with its rule and images, by their dataset names."""
    generator = np.random.default_rng(0)
    images = CLASSES * IMAGES_A_CLASS
    size = parameters.embedder.embedding_size
    vectors = pd.DataFrame(
        generator.random((images, size), dtype=np.float32),
        columns=[f"e{place:02d}" for place in range(size)],
    )
    names = np.repeat(embedder.card.classes, IMAGES_A_CLASS)
    table = pd.DataFrame({"image_id": [f"{n}" for n in range(images)], "class_name": names})
    table = pd.concat([table.assign(split="validation"), vectors], axis=1)
    gallery = fit_to_images(table, embedder.fingerprint(), parameters.gallery.examples)
    rule = fit_decision_rule(gallery, embedding_matrix(table), class_labels(table), 0.95)
    return {"class_gallery": gallery, "decision_rule": rule, "gallery_embeddings": table}


def copy_images(source: Path, folder: Path, count: int) -> None:
    """Copy images under other names until there are so many."""
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".png", ".jpg"))
    if not found:
        sys.exit(f"{source} holds no images; `make sample` draws some")
    for number, path in zip(range(count), itertools.cycle(found), strict=False):
        target = folder / f"{number // 1000:03d}" / f"{number:06d}{path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def time_network(embedder: TrainedEmbedder, parameters: Parameters, count: int) -> float:
    """Return images/s of the network alone, on images in memory."""
    compute = Compute(parameters.training)
    network = embedder.network().to(compute.device)
    size, batch = parameters.preprocess.image_size, parameters.training.evaluation_batch_size
    generator = np.random.default_rng(0)
    pixels = [
        generator.integers(256, size=(batch, size, size), dtype=np.uint8)
        for _ in range(_BATCHES_IN_MEMORY)
    ]
    batches = [PreparedBatch(values, [""] * batch) for values in pixels]
    rounds = max(1, count // batch)
    for _ in forward(network, batches[:2], compute, batch):
        pass
    begin = time.perf_counter()
    for _ in forward(network, itertools.islice(itertools.cycle(batches), rounds), compute, batch):
        pass
    return rounds * batch / (time.perf_counter() - begin)


def time_pipeline(images: Path, inputs: dict[str, Any], parameters: Parameters) -> float:
    """Return the seconds of the whole pipeline, writing all that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        text = (PROJECT / "conf" / "base" / "catalog" / "inference.yml").read_text()
        entries = yaml.safe_load(text.replace("data/", f"{folder}/"))
        entries = {name: entry for name, entry in entries.items() if name[0] != "_"}
        catalog = DataCatalog.from_config(entries, save_version="benchmark")
        inputs = inputs | {"raw_images": open_location(str(images))}
        for name in ("source", "inference", "scan", "engine", "training"):
            inputs[f"params:{name}"] = getattr(parameters, name)
        for name, value in inputs.items():
            catalog[name] = MemoryDataset(value, copy_mode="assign")
        begin = time.perf_counter()
        SequentialRunner().run(create_pipeline(), catalog)
        return time.perf_counter() - begin


class MemoryWatch:
    """Looks at the memory of this process twice a second, while it is entered."""

    def __init__(self) -> None:
        self.mebibytes: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(0.5):
            self.mebibytes.append(process.memory_info().rss / 2**20)

    def at(self, share: float) -> str:
        """Write what it was after a share of the time."""
        return f"{self.mebibytes[int(share * (len(self.mebibytes) - 1))]:,.0f} MiB"


def main() -> None:
    """Measure, and print a table in Markdown."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--images", type=Path, default=PROJECT / "data" / "01_raw" / "sample")
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--device", default="auto")
    given = arguments.parse_args()
    parameters = load_parameters(None, training={"device": given.device})
    embedder = make_embedder(parameters)
    inputs: dict[str, Any] = {"embedder": embedder, **make_gallery(embedder, parameters)}
    with tempfile.TemporaryDirectory() as folder, MemoryWatch() as memory:
        copy_images(given.images, Path(folder), given.count)
        before = time_network(embedder, parameters, given.count // 2)
        memory.mebibytes.clear()
        seconds = time_pipeline(Path(folder), inputs, parameters)
    after = time_network(embedder, parameters, given.count // 2)
    pipeline = given.count / seconds
    machine = f"{Compute(parameters.training)}, {platform.machine()}, {os.cpu_count()} cores"
    rows = {
        "date, machine": f"{date.today()}, {machine}",
        "network alone, before and after": f"{before:,.1f} and {after:,.1f} images/s",
        f"whole pipeline, {given.count:,} images": f"{pipeline:,.1f} images/s",
        "of the network alone": f"{2 * pipeline / (before + after):.0%}",
        "memory after a quarter and half of it, and at its end": ", ".join(
            map(memory.at, (0.25, 0.5, 1))
        ),
    }
    print("\n| measured | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows.items()))


if __name__ == "__main__":
    main()
