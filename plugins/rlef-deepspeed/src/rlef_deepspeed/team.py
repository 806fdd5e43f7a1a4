"""Learn on several ranks of torch.distributed."""

import io
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from attrs import frozen
from torch import Tensor

from rlef_torch.team import Team

T = TypeVar("T")


@frozen
class Ranks:
    """A `rlef_torch.team.Team`: the ranks of the default group."""

    rank: int
    size: int
    device: torch.device

    def total(self, values: Tensor) -> Tensor:
        sums = values.to(self.device, copy=True)
        dist.all_reduce(sums)
        return sums

    def everyones(self, mine: T) -> list[T]:
        buffer = io.BytesIO()
        torch.save(mine, buffer)
        found: list[bytes] = [b""] * self.size
        dist.all_gather_object(found, buffer.getvalue())
        # ranks trust each other, and what they give are objects
        return [torch.load(io.BytesIO(each), map_location=self.device, weights_only=False) for each in found]


def given(team: Team, read: Callable[[], Tensor], shape: Sequence[int], device: torch.device) -> Tensor:
    """Return, on all ranks' devices, the float32 tensor of a shape that rank 0 reads."""
    tensor = read().to(device, torch.float32) if team.rank == 0 else torch.empty(tuple(shape), device=device)
    if team.size > 1:
        dist.broadcast(tensor, 0)
    return tensor
