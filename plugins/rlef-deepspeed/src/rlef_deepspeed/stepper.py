"""Move a module's weights with a DeepSpeed engine, by the same AdamW as an `AdamStepper`."""

import math
from collections.abc import Mapping
from typing import Any

import deepspeed
import torch
from torch import Tensor, nn

from rlef_deepspeed.moments import Moments
from rlef_torch.steps import warmed
from rlef_torch.team import Team

_SCALE = ("cur_scale", "cur_iter", "last_overflow_iter", "cur_hysteresis")


class EngineStepper:
    """A `rlef_torch.steps.Stepper` of the parameters of `module` that learn. All ranks call the same methods in the same order."""

    def __init__(
        self,
        module: nn.Module,
        forward: nn.Module,
        *,
        settings: Mapping[str, Any],
        team: Team,
        learning_rate: float,
        warmup: int,
        weight_decay: float,
        max_norm: float,
    ) -> None:
        """Part the module among the ranks; `forward` is, or holds, the module, and its forward pass is that of the losses."""
        self.module = module
        self.rate = 0.0
        self._team = team
        self._learning_rate = learning_rate
        self._warmup = warmup
        self._max_norm = max_norm
        learning = [each for each in forward.parameters() if each.requires_grad]
        adam = torch.optim.AdamW(learning, lr=learning_rate, weight_decay=weight_decay, fused=True)
        self.engine, *_ = deepspeed.initialize(model=forward, optimizer=adam, config=dict(settings), dist_init_required=False)
        self._stage: int = self.engine.zero_optimization_stage()
        self.moments = Moments(self.engine, module)

    @property
    def forward(self) -> nn.Module:
        engine: nn.Module = self.engine
        return engine

    @property
    def skipped(self) -> int:
        """Steps that float16 has skipped."""
        return int(self.engine.skipped_steps)

    def backward(self, loss: Tensor, *, last: bool) -> None:
        self.engine.set_gradient_accumulation_boundary(last)
        # ranks have parts of one sum; the engine takes their mean
        self.engine.backward(loss * self._team.size, scale_wrt_gas=False)

    def clip(self) -> float | None:
        if self._stage == 0:
            return float(nn.utils.clip_grad_norm_(self.engine.module.parameters(), self._max_norm))
        norm = self._norm() / float(self.engine.optimizer.loss_scale)
        return None if not math.isfinite(norm) and self._can_scale_down() else norm

    def step(self, updates: int) -> None:
        self.rate = warmed(self._learning_rate, self._warmup, updates)
        for group in self.engine.optimizer.param_groups:
            group["lr"] = self.rate
        self.engine.step()

    def forget(self) -> None:
        optimizer = self.engine.optimizer
        optimizer.zero_grad()
        if self._stage:
            # so that the next gradient takes the place of these
            optimizer.micro_step_id = 0 if self._stage == 3 else -1

    def state(self) -> Mapping[str, Tensor]:
        return self.moments

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.moments.clear()
        for name, value in state.items():
            self.moments.put(name, value)

    def loss_scale(self) -> dict[str, float]:
        """Return the state of float16's loss scale; nothing with other dtypes."""
        return {name: getattr(self.engine.optimizer.loss_scaler, name) for name in _SCALE} if self.engine.fp16_enabled() else {}

    def scale_losses(self, state: Mapping[str, float]) -> None:
        """Take what `loss_scale` returned."""
        for name, value in state.items() if self.engine.fp16_enabled() else ():
            setattr(self.engine.optimizer.loss_scaler, name, value)

    def move(self, device: torch.device) -> None:
        """Not done: an engine's tensors stay its own, and `rlef_deepspeed.parking` empties them instead."""
        raise NotImplementedError

    def close(self) -> None:
        """Forget the engine."""
        self.engine.destroy()

    def _can_scale_down(self) -> bool:
        if not self.engine.fp16_enabled():
            return False
        scaler = self.engine.optimizer.loss_scaler
        return bool(scaler.cur_scale > scaler.min_scale)

    def _norm(self) -> float:
        optimizer = self.engine.optimizer
        if self._stage < 3:
            norm = float(optimizer.scaled_global_norm())
            return norm if norm >= 0 else math.nan  # DeepSpeed tells of one that is not finite by -1
        parts = [part for group in optimizer.get_fp32_grad_partitions().values() for part in group.values()]
        squares = torch.stack([part.double().square().sum() for part in parts]).sum()
        return math.sqrt(float(self._team.total(squares)))
