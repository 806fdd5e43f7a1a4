"""Copy weights into a module: all of them, or none."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


@torch.no_grad()
def fill(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy `tensors` into the parameters of the same names. Raises ValueError, before anything is copied, where names or shapes differ."""
    parameters = dict(module.named_parameters())
    odd = sorted(parameters.keys() ^ tensors.keys())
    if odd:
        raise ValueError(f"weights {odd[:3]} stand on one side only")
    for name, tensor in tensors.items():
        if tensor.shape != parameters[name].shape:
            found, expected = tuple(tensor.shape), tuple(parameters[name].shape)
            raise ValueError(f"weights of these shapes stand on one side only: {name!r} has shape {found}, expected {expected}")
    for name, tensor in tensors.items():
        parameters[name].copy_(tensor)
