"""Move a module's weights with AdamW: linear warm-up, then a constant step size, under a bound on the gradient's norm."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Stepper(Protocol):
    """What moves a module. `forward` computes what its loss is made of, with gradient; `rate` is the step size last used."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def forward(self) -> Callable[..., Any]: ...

    @property
    def rate(self) -> float: ...

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Add the loss's gradient to the module's; `last`: it is the update's last micro-batch."""

    def clip(self) -> float | None:
        """Bound the gradients' norm, now or in `step`; returns the norm before.

        Where it is not finite the step must not be taken. None: the gradients went beyond what float16 holds; `step` will not move the
        module but lower the factor of its losses.
        """

    def step(self, updates: int) -> None:
        """Step along the gradients and forget them; the module took `updates` steps before."""

    def forget(self) -> None:
        """Forget the gradients."""

    def state(self) -> Mapping[str, Tensor]:
        """Return AdamW's moments and counts by name, for `restore`."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take what `state` returned. Raises KeyError for a name that the module lacks."""

    def move(self, device: torch.device) -> None:
        """Move the module and its moments to a device."""


class AdamStepper:
    """AdamW over all parameters of a module that stands on one device."""

    def __init__(
        self, module: nn.Module, forward: Callable[..., Any], learning_rate: float, warmup: int, weight_decay: float, max_norm: float
    ) -> None:
        self.module = module
        self.forward = forward
        self.rate = 0.0
        self._parameters = dict(module.named_parameters())
        self._learning_rate = learning_rate
        self._warmup = warmup
        self._max_norm = max_norm
        self._adam = torch.optim.AdamW(self._parameters.values(), lr=learning_rate, weight_decay=weight_decay, fused=True)

    def backward(self, loss: Tensor, *, last: bool) -> None:
        torch.autograd.backward(loss)

    def clip(self) -> float:
        return float(nn.utils.clip_grad_norm_(self._parameters.values(), self._max_norm))

    def step(self, updates: int) -> None:
        self.rate = warmed(self._learning_rate, self._warmup, updates)
        for group in self._adam.param_groups:
            group["lr"] = self.rate
        self._adam.step()
        self.forget()

    def forget(self) -> None:
        self._adam.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        return {
            f"{key}/{name}": tensor
            for name, parameter in self._parameters.items()
            for key, tensor in self._adam.state.get(parameter, {}).items()
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self._adam.state.clear()
        for name, tensor in state.items():
            key, _, parameter = name.partition("/")
            owner = self._parameters[parameter]
            self._adam.state.setdefault(owner, {})[key] = tensor.to(owner.device)

    def move(self, device: torch.device) -> None:
        self.module.to(device)
        for moments in self._adam.state.values():
            moments.update({key: tensor.to(device) for key, tensor in moments.items()})


def warmed(learning_rate: float, warmup: int, updates: int) -> float:
    """Return the step size of a module that took `updates` steps before: it rises linearly over the first `warmup`."""
    return learning_rate * min(1.0, (updates + 1) / max(warmup, 1))
