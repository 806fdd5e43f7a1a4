"""Name a module's weights as its Hugging Face folder does, whatever holds them: engines in parts, and adapters beside the layers."""

from collections.abc import Callable
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn

from rlef_deepspeed.whole import shape_of

ADAPTER = "default"
Read = Callable[[nn.Parameter], Tensor]


@frozen(eq=False)
class Adapter:
    """Adds (up @ down) * scaling to a layer's weight, or its transpose."""

    down: nn.Parameter
    up: nn.Parameter
    scaling: float
    transposed: bool

    def delta(self, read: Read) -> Tensor:
        product = (read(self.up) @ read(self.down)) * self.scaling
        return product.T if self.transposed else product


@frozen(eq=False)
class Weight:
    """A weight by its plain name. All ranks must read it in step."""

    name: str
    parameter: nn.Parameter
    adapter: Adapter | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.parameter)

    def read(self, read: Read) -> Tensor:
        """Return it whole, merged with its adapter, in the dtype that `read` gives."""
        plain = read(self.parameter)
        return plain if self.adapter is None else plain + self.adapter.delta(read).to(plain.dtype)


def weights_of(module: nn.Module) -> list[Weight]:
    """Return all weights of a module, without its adapters' own; tied ones once."""
    layers = {f"{name}.base_layer.weight": _adapter(layer) for name, layer in module.named_modules() if hasattr(layer, "lora_A")}
    return [
        Weight(name.replace(".base_layer.", "."), parameter, layers.get(name))
        for name, parameter in module.named_parameters()
        if not _of_adapter(name)
    ]


def adapters_of(module: nn.Module) -> list[Weight]:
    """Return the weights of a module's adapters, by their own names."""
    return [Weight(name, parameter) for name, parameter in module.named_parameters() if _of_adapter(name)]


def extras_of(module: nn.Module) -> dict[str, Tensor]:
    """Return what a module's folder holds beside its weights: buffers that are part of its state."""
    kept = module.state_dict(keep_vars=True)
    return {name: buffer for name, buffer in module.named_buffers() if name in kept and torch.is_tensor(buffer)}


def _of_adapter(name: str) -> bool:
    return ".lora_" in name


def _adapter(layer: Any) -> Adapter:  # peft's
    transposed = bool(getattr(layer, "fan_in_fan_out", False))
    return Adapter(layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight, layer.scaling[ADAPTER], transposed)
