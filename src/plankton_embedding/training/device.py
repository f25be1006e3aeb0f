"""Where to compute and how precisely."""

from __future__ import annotations

import contextlib
import os
from typing import Literal

import torch

from plankton_embedding.errors import UserError
from plankton_embedding.parameters import TrainingOptions
from plankton_embedding.training.allocator import keep_freed_memory
from plankton_embedding.training.ranks import ALONE, Ranks


class DeviceError(UserError):
    """The device asked for is not there."""


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Raises
    ------
    DeviceError
        If CUDA is asked for and absent.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise DeviceError(
            "training.device is `cuda`, but torch finds no CUDA device here. Use `auto` or `cpu`, "
            "or install a driver and a torch build that fit the device."
        )
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def check_devices(options: TrainingOptions) -> None:
    """Check that the devices asked for are there.

    Raises
    ------
    DeviceError
        If CUDA is asked for and absent, or has fewer devices.
    """
    if resolve_device(options.device).type == "cuda":
        there = torch.cuda.device_count()
        if options.devices > there:
            raise DeviceError(
                f"training.devices is {options.devices}, but torch finds {there} CUDA devices here."
            )


def uses_bf16(precision: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16; ``auto``: where the machine has it in hardware."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Older builds of torch cannot tell.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


class Compute:
    """Device and precision of one process of a training.

    Parameters
    ----------
    options
        ``device`` and ``precision``.
    ranks
        Which process this is: each has a GPU of its own.
    """

    def __init__(self, options: TrainingOptions, ranks: Ranks = ALONE) -> None:
        self.device = resolve_device(options.device)
        self.ranks = ranks
        if self.device.type == "cuda":
            self.device = torch.device("cuda", ranks.local_rank)
            torch.cuda.set_device(self.device)
            # TF32, for what is not in bfloat16; whoever asks for float32 gets all of it.
            exact = options.precision == "float32"
            torch.set_float32_matmul_precision("highest" if exact else "high")
            torch.backends.cudnn.allow_tf32 = not exact
        else:
            keep_freed_memory()
            if ranks.world > 1:
                # Each process would use all cores.
                torch.set_num_threads(max(1, (os.cpu_count() or 1) // options.devices))
        self.bf16 = uses_bf16(options.precision, self.device)

    @property
    def lightning_precision(self) -> Literal["bf16-mixed", "32-true"]:
        """The precision in Lightning's words."""
        return "bf16-mixed" if self.bf16 else "32-true"

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context for forward passes outside Lightning."""
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def __str__(self) -> str:
        name = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        several = f"{self.ranks.world} x " if self.ranks.world > 1 else ""
        return f"{several}{name}, {'bfloat16' if self.bf16 else 'float32'}"
