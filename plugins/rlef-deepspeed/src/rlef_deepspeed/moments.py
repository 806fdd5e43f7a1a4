"""Read and write what AdamW remembers of a module in an engine, one parameter at a time, whole, under a single module's names."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from deepspeed.utils import safe_get_full_optimizer_state
from torch import Tensor, nn

from rlef_deepspeed.whole import place

KEYS = ("exp_avg", "exp_avg_sq")


class Moments(Mapping[str, Tensor]):
    """AdamW's state by `key/name`, as `AdamStepper.state` gives it. Each is gathered when asked for: all ranks must ask in step."""

    def __init__(self, engine: Any, module: nn.Module) -> None:
        self._adam: torch.optim.AdamW = engine.basic_optimizer
        self._stage: int = engine.zero_optimization_stage()
        self._parameters = {name: each for name, each in module.named_parameters() if each.requires_grad}
        self._parts = self._stepped(engine.optimizer)
        self._open()
        if self._stage in (1, 2):
            engine.optimizer._lazy_init_hp_params_optimizer_state()  # else they can be read after the first step only

    def __iter__(self) -> Iterator[str]:
        return (f"{key}/{name}" for name in self._parameters for key in ("step", *KEYS))

    def __len__(self) -> int:
        return len(self._parameters) * (1 + len(KEYS))

    def __getitem__(self, name: str) -> Tensor:
        key, _, owner = name.partition("/")
        parameter = self._parameters[owner]
        if key == "step":
            return self._adam.state[self._parts[0]]["step"].clone()
        gathered: Tensor | None = safe_get_full_optimizer_state(parameter, key)
        return self._adam.state[parameter][key] if gathered is None else gathered

    def take(self, state: Mapping[str, Tensor]) -> None:
        """Take what a mapping of the same names holds; one without entries is that of a module that took no step."""
        self._open()
        for name in state:
            key, _, owner = name.partition("/")
            parameter, value = self._parameters[owner], state[name]
            if key == "step":
                for part in self._parts:
                    self._adam.state[part]["step"].copy_(value)
            else:
                place(parameter, value, key, self._adam)

    def _stepped(self, optimizer: Any) -> list[Tensor]:
        match self._stage:
            case 0:
                return list(self._parameters.values())
            case 3:
                return list(optimizer.fp32_partitioned_groups_flat)
            case _:
                return list(optimizer.single_partition_of_fp32_groups)

    def _open(self) -> None:
        for part in self._parts:
            fresh = {"step": torch.zeros((), device=part.device), **{key: torch.zeros_like(part.detach()) for key in KEYS}}
            held = self._adam.state[part]
            if held:
                for key, value in fresh.items():
                    held[key].copy_(value)
            else:
                held.update(fresh)
