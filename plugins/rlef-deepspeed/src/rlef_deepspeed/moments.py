"""Read and write what AdamW remembers of a module in an engine, one parameter at a time, whole, under a single module's names."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from deepspeed.utils import safe_get_full_optimizer_state
from torch import Tensor, nn

from rlef_deepspeed.whole import place, shape_of

KEYS = ("exp_avg", "exp_avg_sq")


class Moments(Mapping[str, Tensor]):
    """AdamW's state by `key/name`, as `AdamStepper.state` gives it. Each is gathered when asked for: all ranks must ask in step."""

    def __init__(self, engine: Any, module: nn.Module) -> None:
        self._adam: torch.optim.AdamW = engine.basic_optimizer
        self._stage: int = engine.zero_optimization_stage()
        self._parameters = {name: each for name, each in module.named_parameters() if each.requires_grad}
        self.parts = self._stepped(engine.optimizer)
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
            steps: Tensor = self._adam.state[parameter if self._stage == 0 else self.parts[0]]["step"]
            return steps.clone()
        gathered: Tensor | None = safe_get_full_optimizer_state(parameter, key)
        moment: Tensor = self._adam.state[parameter][key] if gathered is None else gathered
        return moment

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all that there is."""
        shapes = {name: shape_of(each) for name, each in self._parameters.items()}
        return {name: () if name.startswith("step/") else shapes[name.partition("/")[2]] for name in self}

    def clear(self) -> None:
        """Forget all, as if no step had been taken."""
        for part in self.parts:
            for value in self._adam.state[part].values():
                value.zero_()

    def put(self, name: str, value: Tensor) -> None:
        """Set what goes by a name."""
        key, _, owner = name.partition("/")
        if key != "step":
            place(self._parameters[owner], value, key, self._adam)
            return
        for part in [self._parameters[owner]] if self._stage == 0 else self.parts:
            self._adam.state[part]["step"].copy_(value)

    def _stepped(self, optimizer: Any) -> list[Tensor]:
        match self._stage:
            case 0:
                return list(self._parameters.values())
            case 3:
                return list(optimizer.fp32_partitioned_groups_flat)
            case _:
                return list(optimizer.single_partition_of_fp32_groups)

    def _open(self) -> None:
        for part in self.parts:
            self._adam.state[part] = {"step": torch.zeros((), device=part.device), **{key: torch.zeros_like(part.detach()) for key in KEYS}}
