"""Read and write parameters whole, one at a time, however an engine keeps them. All ranks must do so in step."""

from typing import Any

import torch
import torch.distributed as dist
from deepspeed.runtime.zero import GatheredParameters
from deepspeed.utils import (
    safe_get_full_fp32_param,
    safe_set_full_fp32_param,
    safe_set_full_optimizer_state,
    safe_set_local_fp32_param,
    safe_set_local_optimizer_state,
)
from torch import Tensor, nn


def parted(parameter: nn.Parameter) -> bool:
    """Return whether ZeRO 3 keeps the parameter in parts."""
    return hasattr(parameter, "ds_id")


def shape_of(parameter: nn.Parameter) -> tuple[int, ...]:
    """Return the whole parameter's shape."""
    return tuple(getattr(parameter, "ds_shape", parameter.shape))


@torch.no_grad()
def current(parameter: nn.Parameter) -> Tensor:
    """Return the weight that forward passes use, whole, in the engine's dtype; it must not be changed."""
    if not parted(parameter):
        return parameter.detach()
    with GatheredParameters([parameter]):
        return parameter.detach().clone()


@torch.no_grad()
def exact(parameter: nn.Parameter) -> Tensor:
    """Return the weight that steps move, whole, in float32."""
    master: Tensor | None = safe_get_full_fp32_param(parameter)
    return current(parameter).float() if master is None else master


@torch.no_grad()
def fill(parameter: nn.Parameter, value: Tensor) -> None:
    """Set a weight, and the float32 one that steps move."""
    if parted(parameter):
        with GatheredParameters([parameter], modifier_rank=0):
            parameter.copy_(value)
        if parameter.requires_grad:
            safe_set_local_fp32_param(parameter, _part(parameter, value))
        return
    parameter.copy_(value)
    safe_set_full_fp32_param(parameter, value)


@torch.no_grad()
def place(parameter: nn.Parameter, value: Tensor, key: str, adam: torch.optim.AdamW) -> None:
    """Set a moment of AdamW's."""
    if parted(parameter):
        safe_set_local_optimizer_state(parameter, _part(parameter, value), key)
    elif hasattr(parameter, "_hp_mapping"):
        safe_set_full_optimizer_state(parameter, value, key)
    else:
        adam.state[parameter][key].copy_(value)


def _part(parameter: Any, value: Tensor) -> Tensor:
    # DeepSpeed's own setter of whole values fails where they do not divide evenly
    numel = parameter.ds_tensor.numel()
    flat = torch.zeros(numel * dist.get_world_size(), dtype=value.dtype, device=value.device)
    flat[: value.numel()] = value.flatten()
    return flat.narrow(0, numel * dist.get_rank(), numel)
