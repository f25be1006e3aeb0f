"""Measure the training on a GPU, on a bare machine: no Kedro, no MLflow, no network needed.

``PYTHONPATH=src python -m benchmarks.gpu`` first checks that a training step on the GPU agrees with
one on the CPU, then measures, and ends in one table in Markdown. With ``--rehearse`` it runs on the
CPU, on next to nothing, to show that it runs; its figures mean nothing then. Needs torch 2.11 or
later, torchvision, timm, lightning, pytorch-metric-learning, pydantic, pandas, pyarrow,
safetensors, scipy, scikit-learn, Pillow and tqdm.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.our_training import in_shards, make_store, our_steps
from benchmarks.peers import peer_steps
from benchmarks.settings import load_parameters
from plankton_embedding.images.store import ImageStore
from plankton_embedding.parameters import Parameters
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.inference import map_images
from plankton_embedding.training.labelled_images import select_images
from plankton_embedding.training.losses import build_loss
from plankton_embedding.training.session import train_in_steps
from plankton_embedding.training.weights import initialise

CLASSES = 27
BACKBONES = ("tf_efficientnet_lite0", "convnext_atto")
REFERENCE_IMAGES_PER_SECOND = 62.6
# 100 epochs of 600 batches of 60 images: 5 of the head, 95 of the whole network.
EPOCHS = {"head": 5, "network": 95}
BATCHES_AN_EPOCH = 600


@dataclass(frozen=True)
class Scale:
    """How large the benchmark is.

    Attributes
    ----------
    device
        ``cuda``, or ``cpu`` to rehearse.
    image_size, images_per_class
        Pixels a side, and of each class.
    batch_sizes
        Images a batch.
    batches
        Timed, of each kind of step.
    batches_per_epoch
        Of the reference's protocol.
    matrix
        Rows of the matrix product whose speed counts as the peak.
    """

    device: str = "cuda"
    image_size: int = 299
    images_per_class: int = 100
    batch_sizes: tuple[int, ...] = (60, 240)
    batches: int = 120
    batches_per_epoch: int = BATCHES_AN_EPOCH
    matrix: int = 8192


REHEARSAL = Scale("cpu", 75, 8, (60,), 40, 2, 256)


def check_agreement(scale: Scale) -> dict[str, str]:
    """Compare the loss and the gradients of one step in float32 on both devices."""
    options = load_parameters(None, embedder={"weights": None, "dropout": 0})
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    embedder = Embedder(options.embedder)
    initialise(embedder, None)
    images = torch.randint(0, 256, (12, 128, 128), dtype=torch.uint8)
    labels = torch.arange(12) % 4
    found = []
    for device in ("cpu", scale.device):
        network = copy.deepcopy(embedder).to(device).train()
        loss = build_loss("proxy_softmax", options.training.losses, 4, 64, network.origin)
        torch.manual_seed(1)
        for parameter in loss.parameters():
            parameter.data = torch.randn(parameter.shape).to(device)
        value = loss(network(images.to(device)), labels.to(device))
        value.backward()
        gradients = torch.cat(
            [p.grad.flatten().cpu() for p in network.parameters() if p.grad is not None]
        )
        found.append((value.item(), gradients))
    (cpu_loss, cpu), (gpu_loss, gpu) = found
    apart = _angle(cpu, gpu)
    if abs(cpu_loss - gpu_loss) > 1e-3 or apart > 0.05:
        sys.exit(f"CPU and GPU do not agree: loss {cpu_loss} and {gpu_loss}, angle {apart}")
    return {
        "CPU and GPU, one step in float32": (
            f"loss {cpu_loss:.5f} and {gpu_loss:.5f}, gradients {apart:.4f} rad apart"
        )
    }


def _angle(left: Tensor, right: Tensor) -> float:
    cosine = torch.nn.functional.cosine_similarity(left.double(), right.double(), dim=0)
    return float(torch.arccos(cosine.clamp(-1, 1)))


def make_images(scale: Scale) -> tuple[ImageStore, pd.DataFrame]:
    """Write a store of noise; how fast a network is does not hang on what it sees."""
    generator = np.random.default_rng(0)
    count, size = CLASSES * scale.images_per_class, scale.image_size
    pixels = generator.integers(256, size=(count, size, size), dtype=np.uint8)
    labels = [f"class_{number % CLASSES:02d}" for number in range(count)]
    options = load_parameters(None).preprocess.model_dump() | {"image_size": size}
    store, table = make_store(in_shards(pixels), labels, options)
    place = table.groupby("class_name").cumcount()
    names = ["validation", "test"]
    return store, table.assign(split=np.select([place < 3, place < 4], names, "train"))


def measure_steps(scale: Scale, store: ImageStore, splits: pd.DataFrame) -> dict[str, str]:
    """Time steps of the whole network with each way of feeding and compiling it."""
    rows = {}
    peak = matrix_peak(scale)
    needed = flops_an_image(scale)
    ways = [("always", False), ("never", False)]
    if scale.device == "cuda":
        ways.append(("always", True))
    for batch, (cache, compiled) in itertools.product(scale.batch_sizes, ways):
        options = _options(
            device=scale.device,
            device_cache=cache,
            compile=compiled,
            batches={"classes": 20, "images_per_class": batch // 20},
        )
        rate, waiting = images_per_second(scale, options, store, splits)
        name = f"full-network step, {batch} images, cache {cache}, compile {compiled}"
        rows[name] = (
            f"{rate:,.0f} images/s = {rate / REFERENCE_IMAGES_PER_SECOND:.0f} x the reference; "
            f"{rate * needed / peak:.0%} of the bfloat16 matrix peak; waiting {waiting:.2%}"
        )
    rows["bfloat16 matrix peak, measured"] = f"{peak / 1e12:.0f} TFLOP/s"
    return rows


def measure_backbones(scale: Scale, store: ImageStore, splits: pd.DataFrame) -> dict[str, str]:
    """Time a step and the embedding of two backbones of timm, and the embedding of the default."""
    rows = {}
    images = select_images(store, splits, "train")
    for backbone in ("inception_v3", *BACKBONES):
        batch = scale.batch_sizes[-1]
        batches = {"classes": 20, "images_per_class": batch // 20}
        options = _options(backbone, device=scale.device, device_cache="always", batches=batches)
        if backbone != "inception_v3":
            rate, _ = images_per_second(scale, options, store, splits)
            rows[f"full-network step, {batch} images, {backbone}"] = f"{rate:,.0f} images/s"
        compute = Compute(options.training)
        network = Embedder(options.embedder).to(compute.device).eval()
        seconds = []
        for _ in range(2):
            _synchronise(scale)
            began = time.perf_counter()
            map_images(network, images, compute, batch)
            _synchronise(scale)
            seconds.append(time.perf_counter() - began)
        # The first warms up.
        rows[f"embedding, batches of {batch}, {backbone}"] = (
            f"{len(images) / seconds[1]:,.0f} images/s"
        )
    return rows


def images_per_second(
    scale: Scale, options: Parameters, store: ImageStore, splits: pd.DataFrame
) -> tuple[float, float]:
    """Return the rate of a steady training, and the share of its time that it waits for data."""
    marks: list[float] = []
    seen = []

    def end_of_step(images: int) -> None:
        seen.append(images)
        # Waiting for the device at each step would keep it from working ahead.
        if len(seen) % 20 == 0:
            _synchronise(scale)
            marks.append(time.perf_counter())

    waiting = our_steps(options, store, splits, scale.batches, lambda: None, end_of_step)
    return seen[0] * 20 / median(np.diff(marks).tolist()), waiting


def measure_peer(scale: Scale, store: ImageStore) -> dict[str, str]:
    """Time pytorch-metric-learning's own trainer on the same images, as files."""
    folder = store.folder.parent / "files"
    for row in range(min(len(store), 200)):
        path = folder / store.image_ids[row]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(store.images(np.array([row]))[0]).save(path)
    # As it is on its own: ours asks for deterministic kernels and TF32.
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("highest")
    marks: list[float] = []

    def end_of_step(images: int) -> None:
        _synchronise(scale)
        marks.append(time.perf_counter())
        if len(marks) == scale.batches // 4:
            raise _EnoughError

    files, size = sorted(folder.glob("*/*.png")), scale.image_size
    with contextlib.suppress(_EnoughError):
        options = _options().embedder
        peer_steps(options, files, size, 60, torch.device(scale.device), end_of_step)
    rate = 60 / median(np.diff(marks[3:]).tolist())
    return {"pytorch-metric-learning's trainer, 60 images, float32": f"{rate:,.0f} images/s"}


class _EnoughError(Exception):
    """Ends a trainer that would go on."""


def matrix_peak(scale: Scale) -> float:
    """Return the rate of a large matrix product in bfloat16, FLOP/s."""
    left, right = torch.randn(
        2, scale.matrix, scale.matrix, device=scale.device, dtype=torch.bfloat16
    )
    seconds = []
    for _ in range(20):
        _synchronise(scale)
        began = time.perf_counter()
        left @ right
        _synchronise(scale)
        seconds.append(time.perf_counter() - began)
    return 2 * scale.matrix**3 / min(seconds)


def _synchronise(scale: Scale) -> None:
    if scale.device == "cuda":
        torch.cuda.synchronize()


def flops_an_image(scale: Scale) -> float:
    """Return the floating-point operations that one image costs, forward and backward."""
    network = Embedder(_options().embedder)
    with FlopCounterMode(display=False) as counter:
        network(
            torch.zeros(2, scale.image_size, scale.image_size, dtype=torch.uint8)
        ).sum().backward()
    return counter.get_total_flops() / 2


def extrapolate_protocol(scale: Scale, store: ImageStore, splits: pd.DataFrame) -> dict[str, str]:
    """Time two epochs of each stage of the reference's protocol, and extrapolate to all 100."""
    seconds, once = {}, {}
    for stage in EPOCHS:
        steps: dict[str, Any] = {name: {"steps": int(name == stage)} for name in EPOCHS}
        steps[stage]["epochs_per_step"] = 2
        batches = {"batches_per_epoch": scale.batches_per_epoch}
        training = steps | {"device": scale.device, "batches": batches}
        options = load_parameters("reference", embedder={"weights": None}, training=training)
        began = time.perf_counter()
        (step,) = train_in_steps(store, splits, options.embedder, options.training, 0)
        whole = time.perf_counter() - began
        images = scale.batches_per_epoch * 60
        epochs = (images / step.history["images_per_second"]).tolist()
        # The second: the first warms up. What is not an epoch comes once a step.
        seconds[stage] = epochs[1]
        once[stage] = whole - sum(epochs)
    steps_of = {stage: epochs / 5 for stage, epochs in EPOCHS.items()}
    total = sum(seconds[stage] * EPOCHS[stage] + once[stage] * steps_of[stage] for stage in EPOCHS)
    return {
        f"reference protocol, 100 epochs x {BATCHES_AN_EPOCH} x 20 triplets, extrapolated": (
            f"{total / 60:.1f} min ({seconds['head']:.1f} s an epoch of the head, "
            f"{seconds['network']:.1f} s of the network; once a step {once['head']:.1f} and "
            f"{once['network']:.1f} s, features, start, evaluation and saving; reference: 16 h)"
        )
    }


def _options(backbone: str = "inception_v3", **training: Any) -> Parameters:
    stages = {
        "head": {"steps": 0, "start": "random", "refit": False},
        "warm_up": {"steps": 0},
        "network": {"steps": 1},
    }
    network = {"weights": None, "backbone": backbone}
    return load_parameters(None, embedder=network, training=stages | training)


def main() -> None:
    """Check, measure, and print one table."""
    scale = REHEARSAL if "--rehearse" in sys.argv else Scale()
    if scale.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch finds no CUDA device here: this benchmark is of one.")
    rows = check_agreement(scale)
    store, splits = make_images(scale)
    parts: list[Callable[[], dict[str, str]]] = [
        lambda: measure_steps(scale, store, splits),
        lambda: measure_backbones(scale, store, splits),
        lambda: measure_peer(scale, store),
        lambda: extrapolate_protocol(scale, store, splits),
    ]
    for part in parts:
        # As soon as they are there: a later part may fail.
        rows |= (measured := part())
        print(*(f"{name}: {value}" for name, value in measured.items()), sep="\n", flush=True)
    shutil.rmtree(store.folder.parent)
    name = torch.cuda.get_device_name() if scale.device == "cuda" else "CPU, a rehearsal"
    print(f"{date.today()}, {name}, torch {torch.__version__}\n")
    print("| measured | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows.items()))


if __name__ == "__main__":
    main()
