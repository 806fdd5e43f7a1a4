"""Keep the states of torch's random numbers of every rank."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rlef_torch.team import Team


def random_states(team: Team, device: torch.device) -> dict[str, Tensor]:
    """Return those of all ranks, by `RANK/DEVICE`; those of rank 0 by the device alone, as `ppo` names them."""
    mine = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        mine[str(device)] = torch.cuda.get_rng_state(device)
    everyones = team.everyones(mine)
    return {f"{rank}/{name}" if rank else name: state.cpu() for rank, states in enumerate(everyones) for name, state in states.items()}


def take_random_states(states: Mapping[str, Tensor], rank: int, device: torch.device) -> None:
    """Take this rank's; a rank that there was not keeps its own."""
    prefix = f"{rank}/" if rank else ""
    if f"{prefix}cpu" in states:
        torch.set_rng_state(states[f"{prefix}cpu"].cpu())
    if f"{prefix}{device}" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states[f"{prefix}{device}"].cpu(), device)
