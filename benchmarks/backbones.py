"""Measure how fast several backbones embed and learn: `make bench-backbones`.

Images of noise, each backbone at the size that it was made for, batches of 32, in the precision
that ``training.precision: auto`` takes; the whole network learns, with frozen batch normalisation.
Prints a table in Markdown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from statistics import median

import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.settings import load_parameters
from benchmarks.training import machine
from plankton_embedding.training.device import Compute
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.weights import initialise

BACKBONES = (
    "inception_v3",
    "tf_efficientnet_lite0",
    "tf_efficientnet_lite2",
    "resnet18",
    "resnet50",
    "convnext_atto",
    "mobilenetv4_conv_small",
    "tf_efficientnetv2_s",
)
BATCH, ROUNDS = 32, 3


def measure(name: str) -> str:
    """Return the row of a backbone."""
    parameters = load_parameters(None, embedder={"backbone": name, "weights": None})
    compute = Compute(parameters.training)
    torch.manual_seed(0)
    network = Embedder(parameters.embedder)
    initialise(network, None)
    size = network.facts.preferred_size
    weights = sum(parameter.numel() for parameter in network.backbone.parameters())
    one = torch.randint(0, 256, (1, size, size), dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval().features(one)
    network.batch_norm_is_frozen = True
    images = one.repeat(BATCH, 1, 1)

    def embed() -> None:
        with torch.no_grad(), compute.autocast():
            network(images)

    def learn() -> None:
        with compute.autocast():
            embeddings = network(images)
        embeddings.sum().backward()
        network.zero_grad()

    embedding = _images_per_second(embed)
    network.train()
    learning = _images_per_second(learn)
    licence = "BSD-3-Clause (torchvision)"
    if network.facts.source == "timm":
        licence = str(getattr(timm.get_pretrained_cfg(name), "license", None) or "–")
    return (
        f"| `{name}` | {size} | {weights / 1e6:.1f} | {counter.get_total_flops() / 2e9:.2f} | "
        f"{network.facts.features} | {embedding:.0f} | {learning:.0f} | {licence} |"
    )


def _images_per_second(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    # The first warms up.
    return BATCH / median(seconds[1:])


def main() -> None:
    """Measure all of them."""
    print(f"{date.today()}, {machine()}, torch {torch.__version__}, timm {timm.__version__}\n")
    print(
        "| backbone | px | M weights | G multiply-adds | features | embeds/s | learns/s | licence |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in BACKBONES:
        print(measure(name), flush=True)


if __name__ == "__main__":
    main()
