"""Move a module's weights with AdamW: linear warm-up, then a constant step size, under a bound on the gradient's norm."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Stepper:
    """AdamW over all parameters of a module. `rate` is the step size last used."""

    def __init__(self, module: nn.Module, learning_rate: float, warmup: int, weight_decay: float, max_norm: float) -> None:
        self.rate = 0.0
        self._parameters = dict(module.named_parameters())
        self._learning_rate = learning_rate
        self._warmup = warmup
        self._max_norm = max_norm
        self._adam = torch.optim.AdamW(self._parameters.values(), lr=learning_rate, weight_decay=weight_decay, fused=True)

    def clip(self) -> float:
        """Scale the gradients to the greatest norm allowed; returns the norm before."""
        return float(nn.utils.clip_grad_norm_(self._parameters.values(), self._max_norm))

    def step(self, updates: int) -> None:
        """Step along the gradients and forget them; the module took `updates` steps before."""
        self.rate = self._learning_rate * min(1.0, (updates + 1) / max(self._warmup, 1))
        for group in self._adam.param_groups:
            group["lr"] = self.rate
        self._adam.step()
        self.forget()

    def forget(self) -> None:
        """Forget the gradients."""
        self._adam.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """Return AdamW's moments and counts by name, for `restore`."""
        return {
            f"{key}/{name}": tensor
            for name, parameter in self._parameters.items()
            for key, tensor in self._adam.state.get(parameter, {}).items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take what `state` returned. Raises KeyError for a name that the module lacks."""
        self._adam.state.clear()
        for name, tensor in state.items():
            key, _, parameter = name.partition("/")
            owner = self._parameters[parameter]
            self._adam.state.setdefault(owner, {})[key] = tensor.to(owner.device)

    def move(self, device: torch.device) -> None:
        """Move the moments to a device, as the module was moved."""
        for moments in self._adam.state.values():
            moments.update({key: tensor.to(device) for key, tensor in moments.items()})
