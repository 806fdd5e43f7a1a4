"""Hand a device's memory back for a while: keep what tensors hold in this machine's memory, and put it back into the same tensors."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn


class Parked:
    """What was in tensors, whose memory is free until `restore`. Views of them stay views."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        storages = {each.untyped_storage().data_ptr(): each.untyped_storage() for each in tensors}
        self._kept: list[tuple[torch.UntypedStorage, torch.UntypedStorage]] = []
        for storage in storages.values():
            if storage.nbytes() and storage.resizable():
                copy = torch.UntypedStorage(storage.nbytes())
                copy.copy_(storage, non_blocking=False)
                self._kept.append((storage, copy))
                storage.resize_(0)

    @property
    def bytes(self) -> int:
        return sum(copy.nbytes() for _, copy in self._kept)

    def restore(self) -> None:
        """Put everything back."""
        for storage, copy in self._kept:
            storage.resize_(copy.nbytes())
            storage.copy_(copy, non_blocking=False)
        self._kept = []


def tensors_of(engine: Any) -> Iterator[Tensor]:
    """Yield the tensors of an engine: its module's, and all that its optimizer keeps for them."""
    yield from module_tensors(engine.module)
    yield from _within(vars(engine.optimizer), set())
    yield from _within(engine.basic_optimizer.state, set())


def module_tensors(module: nn.Module) -> Iterator[Tensor]:
    """Yield a module's weights, gradients and buffers, and the parts of weights that ZeRO 3 keeps."""
    for parameter in module.parameters():
        yield from (each for each in (parameter.data, parameter.grad, getattr(parameter, "ds_tensor", None)) if each is not None)
    yield from module.buffers()


def _within(value: Any, seen: set[int]) -> Iterator[Tensor]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value.detach()
        if value.grad is not None:
            yield value.grad
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _within(key, seen)
            yield from _within(each, seen)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _within(each, seen)
    elif type(value).__module__.startswith("deepspeed.runtime.zero") and hasattr(value, "__dict__") and not isinstance(value, nn.Module):
        yield from _within(vars(value), seen)
