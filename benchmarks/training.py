"""Measure the training: `make bench-training`, or `python benchmarks/training.py PART …`.

Parts: ``step`` (a step of the whole network, against the reference's way and a peer), ``head``
(the first step with cached features), ``memory`` (a store of 200,000 images streamed),
``recipes`` (real images, two recipes for the same time; needs ../shared/real_plankton). Prints
tables in Markdown.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.our_training import in_shards, make_store, our_steps
from benchmarks.peers import PlainNetwork, ReferenceStep, peer_steps, read_image
from benchmarks.recipes import compare_recipes
from benchmarks.settings import PROJECT, load_parameters
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.device import Compute
from plankton_embedding.training.feed import StreamedFeed
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.session import train_in_steps

SIZE = 299
IMAGES = sorted((PROJECT / "data" / "01_raw" / "sample").glob("*/*.png"))
ROUNDS = 5


def parameters(**training: Any) -> Parameters:
    """Return the default parameters, from random weights, on the CPU."""
    head = {"start": "random", "refit": False} | training.pop("head", {})
    changes = {"device": "cpu", "evaluation_batch_size": 60, "head": head} | training
    return load_parameters(None, embedder={"weights": None}, training=changes)


def sample(per_class: int) -> tuple[list[Path], np.ndarray, list[str]]:
    """Return some of the sample's images: files, pixels as in a store, and class names."""
    table = pd.DataFrame({"file": IMAGES, "class_name": [file.parent.name for file in IMAGES]})
    files = table.groupby("class_name").head(per_class)["file"].tolist()
    pixels = np.stack([read_image(file, SIZE) for file in files])
    return files, pixels, [file.parent.name for file in files]


class Gate:
    """One side of a race: waits for its turn, and says how long each step took."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._began = 0.0

    def wait(self) -> None:
        """Wait for the turn."""
        self._connection.recv()
        self._began = time.perf_counter()

    def report(self, images: int) -> None:
        """Report the step."""
        self._connection.send((time.perf_counter() - self._began, images))


def race_ours(connection: Connection, cached: str) -> None:
    """Take part with our training."""
    options = parameters(device_cache=cached)
    _, pixels, labels = sample(12)
    store, table = make_store(in_shards(pixels), labels, options.preprocess.model_dump())
    places = table.groupby("class_name").cumcount()
    splits = table.assign(split=np.where(places < 2, "validation", "train"))
    gate = Gate(connection)
    our_steps(options, store, splits, 1000, gate.wait, gate.report)


def race_reference(connection: Connection) -> None:
    """Take part with the reference's way of a step."""
    step = ReferenceStep(parameters().embedder, IMAGES, SIZE, triplets=20)
    gate = Gate(connection)
    while True:
        gate.wait()
        gate.report(step())


def race_peer(connection: Connection) -> None:
    """Take part with pytorch-metric-learning's trainer."""
    gate = Gate(connection)

    def end_of_step(images: int) -> None:
        gate.report(images)
        gate.wait()

    gate.wait()
    cpu = torch.device("cpu")
    peer_steps(parameters().embedder, IMAGES, SIZE, 60, cpu, end_of_step)


def measure_step() -> dict[str, str]:
    """Time a step of the whole network, 60 images: all take turns, each in its own process."""
    racers: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
        "ours, streamed": (race_ours, ("never",)),
        "reference's way": (race_reference, ()),
        "pytorch-metric-learning's trainer": (race_peer, ()),
    }
    context = multiprocessing.get_context("spawn")
    lines: dict[str, Connection] = {}
    processes = []
    for name, (racer, arguments) in racers.items():
        lines[name], theirs = context.Pipe()
        # No daemons: the peer has processes of its own to load data.
        processes.append(context.Process(target=racer, args=(theirs, *arguments)))
        processes[-1].start()
    seconds: dict[str, list[float]] = {name: [] for name in racers}
    for number in range(ROUNDS + 1):
        for name, line in lines.items():
            line.send("go")
            took, images = line.recv()
            # The first step of each warms up.
            if number:
                seconds[name].append(took * 60 / images)
    for process in processes:
        process.kill()
        # What they held is freed before anything else is measured.
        process.join()
    ours = median(seconds["ours, streamed"])
    return {
        f"full-network step, 60 images of {SIZE} px, {name}": (
            f"{median(values):.2f} s ({60 / median(values):.1f} images/s; "
            f"{min(values):.2f} to {max(values):.2f} s)"
            + ("" if name.startswith("ours") else f": {median(values) / ours:.1f} x ours")
        )
        for name, values in seconds.items()
    } | flops_shares(ours)


def flops_shares(seconds: float) -> dict[str, str]:
    """Say how near a step is to what the processor can do in bfloat16."""
    from torch.utils.flop_counter import FlopCounterMode

    network = PlainNetwork(parameters().embedder)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, 3, SIZE, SIZE)).sum().backward()
    needed = counter.get_total_flops() / 2 * 60
    peaks = {}
    for dtype in (torch.bfloat16, torch.float32):
        left, right = torch.randn(2, 2048, 2048).to(dtype)
        times = []
        for _ in range(12):
            began = time.perf_counter()
            left @ right
            times.append(time.perf_counter() - began)
        peaks[dtype] = 2 * 2048**3 / min(times)
    reached = needed / seconds
    return {
        "matrix peak of this processor, bfloat16 and float32": (
            f"{peaks[torch.bfloat16] / 1e9:.0f} and {peaks[torch.float32] / 1e9:.0f} GFLOP/s: "
            f"{peaks[torch.bfloat16] / peaks[torch.float32]:.1f} x"
        ),
        "our step, of the bfloat16 peak": (
            f"{reached / 1e9:.0f} GFLOP/s, {reached / peaks[torch.bfloat16]:.0%}"
        ),
    }


def measure_waiting() -> dict[str, str]:
    """Measure the share of an epoch that the whole network waits for data."""
    shares = {}
    for mode in ("never", "always"):
        history, _ = _train_sample(
            10, device_cache=mode, network={"steps": 1, "epochs_per_step": 1}
        )
        shares[mode] = history["data_wait_share"].iloc[0]
    return {
        f"share of a step spent waiting for data, device_cache: {mode}": f"{share:.2%}"
        for mode, share in shares.items()
    }


def measure_head() -> dict[str, str]:
    """Time the first step, 5 epochs of the head: ours and without a cache."""
    per_class, epochs = 10, 5
    _, ours = _train_sample(per_class, head={"steps": 1, "epochs_per_step": epochs})

    files, pixels, labels = sample(per_class)
    table = pd.DataFrame({"file": files, "class_name": labels})
    is_validation = table.groupby("class_name").cumcount() < 2
    train, validation = (
        table["file"][~is_validation].tolist(),
        table["file"][is_validation].tolist(),
    )

    # The same engine, but every batch goes through the frozen backbone again.
    options = parameters()
    network = PlainNetwork(options.embedder).to(memory_format=torch.channels_last).eval()
    compute = Compute(options.training)
    images = torch.from_numpy(pixels).unsqueeze(1).expand(-1, 3, -1, -1)
    order = np.random.default_rng(0)
    rows = {
        "train": np.flatnonzero(~is_validation.to_numpy()),
        "validation": np.flatnonzero(is_validation.to_numpy()),
    }
    began = time.perf_counter()
    for _ in range(epochs):
        for split in ("train", "validation"):
            for batch in np.array_split(order.permutation(rows[split]), -(-len(rows[split]) // 60)):
                with torch.no_grad(), compute.autocast():
                    network.backbone(images[batch].float().div(127.5).sub(1))
    uncached = time.perf_counter() - began

    step = ReferenceStep(options.embedder, train, SIZE, triplets=20, train_backbone=False)
    began = time.perf_counter()
    for _ in range(epochs):
        for _ in range(-(-len(train) // 60)):
            step()
        step.embed(validation)
    reference = time.perf_counter() - began
    return {
        f"step 1 (head), {epochs} epochs of {len(train)} images, {len(validation)} to validate": (
            f"{ours:.1f} s"
        ),
        "the same uncached, our precision and layout": f"{uncached:.1f} s: {uncached / ours:.1f} x",
        "the same the reference's way": f"{reference:.1f} s: {reference / ours:.1f} x",
    }


def measure_memory(counts: tuple[int, ...] = (50_000, 200_000)) -> dict[str, str]:
    """Measure what streaming all images of a large store adds to the process's memory."""
    rows = {}
    for count in counts:
        needed = count * SIZE**2
        if shutil.disk_usage("/tmp").free < 1.2 * needed:
            rows[f"memory, store of {count:,} images"] = "not measured: the disk is too full"
            continue
        generator = np.random.default_rng(0)
        block = generator.integers(256, size=(512, SIZE, SIZE), dtype=np.uint8)
        blocks = (block[: min(512, count - start)] for start in range(0, count, 512))
        labels = [f"class_{number % 27:02d}" for number in range(count)]
        store, table = make_store(blocks, labels, parameters().preprocess.model_dump())
        images = select_images(store, table.assign(split="train"), "train")
        before = _resident()
        highest = [before]
        done = threading.Event()

        def watch(highest: list[float] = highest, done: threading.Event = done) -> None:
            while not done.wait(0.05):
                highest.append(_resident())

        threading.Thread(target=watch, daemon=True).start()
        began = time.perf_counter()
        batches = np.array_split(generator.permutation(count), count // 60)
        for _ in StreamedFeed(images, torch.device("cpu")).batches(batches):
            pass
        seconds = time.perf_counter() - began
        done.set()
        rows[f"memory added by streaming a store of {count:,} images ({needed / 1e9:.1f} GB)"] = (
            f"{max(highest) - before:.0f} MiB; {count / seconds:,.0f} images/s"
        )
        shutil.rmtree(store.folder.parent)
    return rows


def _resident() -> float:
    """Return the resident memory of this process in MiB, mapped files included."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _train_sample(per_class: int, **training: object) -> tuple[pd.DataFrame, float]:
    """Train on some of the sample; return the history and the seconds that it took."""
    stages = {name: {"steps": 0} for name in ("head", "warm_up", "network")}
    options = parameters(**(stages | training))
    _, pixels, labels = sample(per_class)
    store, table = make_store(in_shards(pixels), labels, options.preprocess.model_dump())
    is_validation = table.groupby("class_name").cumcount() < 2
    splits = table.assign(split=np.where(is_validation, "validation", "train"))
    # One must be there; they are embedded after the last step, which is not what is timed.
    splits.loc[splits.index[-1], "split"] = "test"
    began = time.perf_counter()
    steps = list(train_in_steps(store, splits, options.embedder, options.training, 0))
    seconds = time.perf_counter() - began
    shutil.rmtree(store.folder.parent)
    return pd.concat([step.history for step in steps]), seconds


def machine() -> str:
    """Say what this machine is."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


PARTS: dict[str, Callable[[], dict[str, str]]] = {
    "step": measure_step,
    "head": measure_head,
    "waiting": measure_waiting,
    "memory": measure_memory,
    "recipes": compare_recipes,
}


def main() -> None:
    """Measure the parts that are named, or all of them."""
    unknown = [name for name in sys.argv[1:] if name not in PARTS]
    if unknown:
        sys.exit(f"there is no part {unknown[0]!r}: {', '.join(PARTS)}")
    print(f"{date.today()}, {machine()}, torch {torch.__version__}\n\n| measured | |\n|---|---|")
    for name in sys.argv[1:] or PARTS:
        for what, value in PARTS[name]().items():
            print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
