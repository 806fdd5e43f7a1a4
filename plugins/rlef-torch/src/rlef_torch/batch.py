"""Put trajectories side by side as tensors, with the places to read."""

from collections.abc import Sequence

import torch
from attrs import frozen
from torch import Tensor

from rlef_core import Trajectory
from rlef_torch.returns import Credit, value_positions


@frozen(eq=False)
class Batch:
    """Trajectories side by side: `ids` [rows, length], padded on the right, where no causal model sees it from a place that is read.

    `predicting` [tokens] are the places, in the flattened ids, just before each sampled id; `targets` [tokens] are those ids; `valued`
    [positions] are the places where values are read. All in the order of the trajectories.
    """

    ids: Tensor
    predicting: Tensor
    targets: Tensor
    valued: Tensor


def pack(trajectories: Sequence[Trajectory], credit: Credit, device: torch.device) -> Batch:
    """Return the trajectories as one batch on `device`. Raises ValueError for a trajectory without responses."""
    length = max(len(trajectory.ids) for trajectory in trajectories)
    ids = torch.zeros(len(trajectories), length, dtype=torch.long)
    predicting: list[int] = []
    valued: list[int] = []
    for row, trajectory in enumerate(trajectories):
        ids[row, : len(trajectory.ids)] = torch.tensor(trajectory.ids)
        predicting += [row * length + place for place in value_positions(trajectory.turns, "token")]
        valued += [row * length + place for place in value_positions(trajectory.turns, credit)]
    places = torch.tensor(predicting)
    return Batch(*(part.to(device) for part in (ids, places, ids.flatten()[places + 1], torch.tensor(valued))))


def sampled(trajectory: Trajectory) -> Tensor:
    """Return [tokens]: the behaviour policy's log-probs of the trajectory's sampled ids, in order."""
    return torch.tensor([logprob for turn in trajectory.turns for logprob in trajectory.logprobs[turn.start : turn.stop]])
