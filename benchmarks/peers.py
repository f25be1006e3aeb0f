"""What our training is measured against: the reference's way of a step, and an established peer.

Both get image files, decode them with Pillow as they go, and train the same Inception-v3 with the
same head in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from plankton_embedding.parameters import EmbedderOptions
from plankton_embedding.training.embedder import Embedder

MARGIN = 5.0


def read_image(path: Path, size: int) -> np.ndarray:
    """Decode an image and fit it into a white square: uint8, size x size."""
    with Image.open(path) as image:
        fitted = ImageOps.pad(image.convert("L"), (size, size), color=255)
        return np.asarray(fitted)


class PlainNetwork(nn.Module):
    """The embedder without channels_last and autocast: takes float images, n x 3 x size x size."""

    def __init__(self, options: EmbedderOptions) -> None:
        super().__init__()
        embedder = Embedder(options)
        self.backbone, self.head = embedder.backbone, embedder.head
        self.to(memory_format=torch.contiguous_format)

    def forward(self, images: Tensor) -> Tensor:
        """Return embeddings, n x embedding_size."""
        embeddings: Tensor = self.head(self.backbone(images))
        return embeddings


class ReferenceStep:
    """A step as the reference code does it: three passes, float32, decoding on the fly.

    Parameters
    ----------
    options
        The network's.
    files
        Image files; a triplet's images are drawn from them at random.
    size, triplets
        Pixels a side, triplets a batch.
    train_backbone
        Whether gradients go beyond the head.
    """

    def __init__(
        self,
        options: EmbedderOptions,
        files: list[Path],
        size: int,
        triplets: int,
        train_backbone: bool = True,
    ) -> None:
        torch.manual_seed(0)
        self._files, self._size, self._triplets = files, size, triplets
        self._network = PlainNetwork(options)
        self._network.backbone.requires_grad_(train_backbone).train(train_backbone)
        trained = [p for p in self._network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(trained, lr=1e-5)
        self._generator = np.random.default_rng(0)

    def __call__(self) -> int:
        """Train on one batch; return how many images it held."""
        anchor, positive, negative = (self._network(self._batch()) for _ in range(3))
        gap = (anchor - positive).square().sum(1) - (anchor - negative).square().sum(1)
        loss = torch.relu(gap + MARGIN).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        loss.item()
        return 3 * self._triplets

    def embed(self, files: list[Path]) -> None:
        """Embed images, batch by batch, decoding them."""
        with torch.no_grad():
            for start in range(0, len(files), self._triplets):
                self._network(self._decode(files[start : start + self._triplets]))

    def _batch(self) -> Tensor:
        chosen = self._generator.integers(len(self._files), size=self._triplets)
        return self._decode([self._files[place] for place in chosen])

    def _decode(self, files: list[Path]) -> Tensor:
        canvas = np.ones((len(files), 3, self._size, self._size), dtype=np.float32)
        for place, file in enumerate(files):
            canvas[place, 0] = read_image(file, self._size) / 256
        return torch.from_numpy(canvas)


class FolderDataset(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Image files with the number of their folder, as torchvision's ImageFolder gives them."""

    def __init__(self, files: list[Path], size: int) -> None:
        names = sorted({file.parent.name for file in files})
        self.labels = [names.index(file.parent.name) for file in files]
        self._files, self._size = files, size

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        gray = torch.from_numpy(read_image(self._files[place], self._size).copy())
        return (gray.float() / 127.5 - 1).expand(3, -1, -1).clone(), self.labels[place]


def peer_steps(
    options: EmbedderOptions,
    files: list[Path],
    size: int,
    batch_size: int,
    device: torch.device,
    end_of_step: Callable[[int], None],
) -> None:
    """Train with pytorch-metric-learning's own trainer, until `end_of_step` raises an error.

    ``trainers.MetricLossOnly`` with a triplet loss, a semi-hard miner and its own sampler of 3
    images a class; data through torch's DataLoader with 2 worker processes.
    """
    from pytorch_metric_learning import losses, miners, samplers, trainers

    torch.manual_seed(0)
    network = PlainNetwork(options).to(device)
    data = FolderDataset(files, size)
    trainer = trainers.MetricLossOnly(
        models={"trunk": network.backbone, "embedder": network.head},
        optimizers={
            "trunk_optimizer": torch.optim.Adam(network.backbone.parameters(), lr=1e-5),
            "embedder_optimizer": torch.optim.Adam(network.head.parameters(), lr=1e-5),
        },
        batch_size=batch_size,
        loss_funcs={"metric_loss": losses.TripletMarginLoss(margin=0.2)},
        mining_funcs={"tuple_miner": miners.TripletMarginMiner(0.2, type_of_triplets="semihard")},
        dataset=data,
        sampler=samplers.MPerClassSampler(data.labels, m=3, length_before_new_iter=100_000),
        dataloader_num_workers=2,
        data_device=device,
        end_of_iteration_hook=lambda _: end_of_step(batch_size),
    )
    trainer.train(num_epochs=1)
