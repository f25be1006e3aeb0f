"""Training in several processes: one a device, each with batches of its own.

The processes of one machine are started here, beside the first, or all of them from outside, by
torchrun or SLURM. Rank 0 alone hands over results; gradients are averaged over all.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import TrainingOptions

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How long a process waits for another: the slowest thing between two meetings is an evaluation.
_PATIENCE = timedelta(hours=1)
_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK")


class RanksError(UserError):
    """The processes that run do not fit the parameters."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is.

    Attributes
    ----------
    rank, world
        Among the processes of all machines.
    local_rank
        Among those of this machine: the number of its device.
    from_outside
        Whether torchrun or SLURM started them.
    nodes
        Machines.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    from_outside: bool = False
    nodes: int = 1


ALONE = Ranks()


def find_ranks(options: TrainingOptions) -> Ranks:
    """Find out which process this is.

    Raises
    ------
    RanksError
        If torchrun or SLURM started another number of processes than the parameters say, or
        none for several machines.
    """
    wanted = options.devices * options.num_nodes
    found = ranks_from_outside()
    if found is None:
        if options.num_nodes > 1:
            raise RanksError(
                f"training.num_nodes is {options.num_nodes}: start one process a device on each "
                "machine with torchrun or srun (docs/several-devices.md shows both)."
            )
        return Ranks(0, wanted)
    if found.world != wanted:
        raise RanksError(
            f"{found.world} processes were started, but training.devices x training.num_nodes "
            f"= {options.devices} x {options.num_nodes}: set them to what runs."
        )
    return replace(found, nodes=options.num_nodes)


def ranks_from_outside() -> Ranks | None:
    """Return this process's ranks if torchrun or SLURM started it beside others, else None."""
    for rank, world, local in (
        ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
        # Of a step that srun started: the script of a job has SLURM_NTASKS too, and is alone.
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
    ):
        if int(os.environ.get(world, "1")) > 1 and rank in os.environ:
            number, of, here = (int(os.environ[name]) for name in (rank, world, local))
            return Ranks(number, of, here, from_outside=True)
    return None


@contextmanager
def together(
    ranks: Ranks, device_type: str, work: Callable[..., None], *args: Any
) -> Iterator[None]:
    """Join the processes of a training for as long as the context is open.

    Parameters
    ----------
    ranks
        This process.
    device_type
        ``cpu`` or ``cuda``.
    work
        What the other processes of this machine are to do, where they were not started from
        outside; importable by its name, with arguments that can be pickled.
    args
        Its arguments.
    """
    if ranks.world == 1:
        yield
        return
    import torch.distributed

    before = {name: os.environ.get(name) for name in _VARIABLES}
    others: list[multiprocessing.process.BaseProcess] = []
    try:
        if not ranks.from_outside:
            _start_others(ranks, work, args, others)
        backend = "gloo" if device_type == "cpu" else "cpu:gloo,cuda:nccl"
        torch.distributed.init_process_group(
            backend, rank=ranks.rank, world_size=ranks.world, timeout=_PATIENCE
        )
        yield
        # Before the others are waited for: they wait in it for this one.
        torch.distributed.destroy_process_group()
        for process in others:
            process.join()
    except RuntimeError as error:
        # Of a process that ended, its neighbours learn no more than that its line is closed.
        for process in others:
            process.join(timeout=1)
        failed = [process.name for process in others if process.exitcode]
        if failed:
            raise RanksError(f"{', '.join(failed)} failed: see what it said above.") from error
        raise
    finally:
        for process in others:
            process.kill()
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def broadcast(ranks: Ranks, value: T) -> T:
    """Return rank 0's value in all processes."""
    if ranks.world == 1:
        return value
    import torch.distributed

    box = [value]
    torch.distributed.broadcast_object_list(box, src=0)
    return box[0]


def _start_others(
    ranks: Ranks,
    work: Callable[..., None],
    args: tuple[Any, ...],
    others: list[multiprocessing.process.BaseProcess],
) -> None:
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": str(ranks.world),
        "RANK": "0",
        "LOCAL_RANK": "0",
    }
    context = multiprocessing.get_context("spawn")
    for rank in range(1, ranks.world):
        name = f"the process of rank {rank}"
        target = (rank, work, args)
        others.append(context.Process(target=_work_as, args=target, name=name, daemon=True))
        others[-1].start()


def _work_as(rank: int, work: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    # Ctrl-C reaches all of them; rank 0 ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work(*args)
    except UserError as error:
        logger.error("Rank %d: %s", rank, error)
        sys.exit(1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
