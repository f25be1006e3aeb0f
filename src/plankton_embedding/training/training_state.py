"""The state of a training beside its weights: what the optimizer and the loss have learnt."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def collect_training_state(optimizer: torch.optim.Optimizer, loss: nn.Module) -> dict[str, Tensor]:
    """Copy the optimizer's moments (``optimizer.<parameter>.<name>``) and the loss's weights."""
    moments = {
        f"optimizer.{parameter}.{name}": value
        for parameter, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    proxies = {f"loss.{name}": value for name, value in loss.state_dict().items()}
    return copy_to_cpu(moments | proxies)


def restore_training_state(
    optimizer: torch.optim.Optimizer, loss: nn.Module, state: dict[str, Tensor]
) -> None:
    """Put back what `collect_training_state` copied."""
    moments: dict[int, dict[str, Tensor]] = {}
    proxies = {}
    for key, value in state.items():
        owner, _, name = key.partition(".")
        if owner == "loss":
            proxies[name] = value
        else:
            parameter, _, moment = name.partition(".")
            moments.setdefault(int(parameter), {})[moment] = value
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for number, state_of_one in moments.items():
        for name, value in state_of_one.items():
            if value.shape == parameters[number].shape:
                # Fused optimizers take it that moments lie in memory as their weights do.
                state_of_one[name] = torch.empty_like(parameters[number]).copy_(value)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    loss.load_state_dict(proxies)


def copy_to_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors, so that training on does not change them; in the plain memory layout."""
    return {
        name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()
    }
