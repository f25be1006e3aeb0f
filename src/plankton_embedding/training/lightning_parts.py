"""Where our processes and signals are not what Lightning would take them for."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import lightning
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment

from plankton_embedding.training.ranks import Ranks


class OwnEnvironment(ClusterEnvironment):
    """Tells Lightning which process this is, so that it does not guess by variables of its own.

    In a job of SLURM, for instance, it would take the processes that this training started itself
    for ones that srun did.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    creates_processes_externally = True

    @property
    def main_address(self) -> str:
        """Address of rank 0."""
        return os.environ["MASTER_ADDR"]

    @property
    def main_port(self) -> int:
        """Port of rank 0."""
        return int(os.environ["MASTER_PORT"])

    @staticmethod
    def detect() -> bool:
        """Never of itself: it is handed over."""
        return False

    def world_size(self) -> int:
        """Return the number of processes."""
        return self._ranks.world

    def set_world_size(self, size: int) -> None:
        """Take no notice: it is known."""

    def global_rank(self) -> int:
        """Return the number of this process."""
        return self._ranks.rank

    def set_global_rank(self, rank: int) -> None:
        """Take no notice: it is known."""

    def local_rank(self) -> int:
        """Return its number on this machine."""
        return self._ranks.local_rank

    def node_rank(self) -> int:
        """Return the number of this machine."""
        return self._ranks.rank // max(1, self._ranks.world // self._ranks.nodes)


class OwnSignals(lightning.Callback):
    """Keeps SIGTERM what it was before Lightning: an end at once.

    Lightning's own handler, and a check before each batch, meet the other processes in the middle
    of what these are doing, and wait for them for ever; on a GPU the check waits for the device.
    """

    def __init__(self) -> None:
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Put the handler back."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)
        loop: Any = trainer.fit_loop.epoch_loop
        loop._broadcast_sigterm_tensor = lambda: None
