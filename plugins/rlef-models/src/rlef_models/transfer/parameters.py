"""Describe weights before they exist: names, dtypes and shapes up front, tensors one at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from typing import Any

import torch
from attrs import evolve, frozen
from torch import Tensor

DTYPES: Mapping[torch.dtype, str] = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""The dtypes that can be moved, with the words of the safetensors format for them."""


@frozen
class Entry:
    """One tensor to come. Raises ValueError for a dtype that cannot be moved."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    def __attrs_post_init__(self) -> None:
        if self.dtype not in DTYPES:
            known = ", ".join(map(_word, DTYPES))
            raise ValueError(f"tensor {self.name!r} is of {_word(self.dtype)}, which cannot be moved, expected one of: {known}")

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def plain(self) -> list[Any]:
        """Return [name, dtype, shape] as strings and integers, as payloads carry it."""
        return [self.name, _word(self.dtype), list(self.shape)]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> "Entry":
        name, dtype, shape = plain
        return cls(name, getattr(torch, dtype), tuple(shape))


@frozen(eq=False)
class Parameters:
    """Weights to publish: `entries` tells them all, `tensors()` yields each once, by name, in any order.

    A tensor may live only until the next one is asked for, so that weights that are kept in parts (ZeRO 3) are never whole. Where several
    ranks must make a tensor together, one of them publishes and the others walk their own `tensors()` at the same time.
    """

    entries: tuple[Entry, ...]
    tensors: Callable[[], Iterable[tuple[str, Tensor]]]

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Parameters":
        """Return tensors that all exist already; they are not copied."""
        return cls(tuple(Entry(name, each.dtype, tuple(each.shape)) for name, each in tensors.items()), tensors.items)

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries)

    def cast(self, dtype: torch.dtype | None) -> "Parameters":
        """Return the same with floating-point tensors in `dtype`, each cast when it comes; None: as they are."""
        if dtype is None:
            return self
        entries = tuple(evolve(each, dtype=dtype) if each.dtype.is_floating_point else each for each in self.entries)
        return Parameters(entries, lambda: ((name, _cast(tensor, dtype)) for name, tensor in self.tensors()))

    def __iter__(self) -> Iterator[tuple[Entry, Tensor]]:
        """Yield every tensor, detached, with its entry. Raises ValueError where they are not what the entries told."""
        due = {entry.name: entry for entry in self.entries}
        for name, tensor in self.tensors():
            found = Entry(name, tensor.dtype, tuple(tensor.shape))
            if found != due.pop(name, None):
                raise ValueError(f"tensor {found.plain()} came, which was not told of before or came twice; tell it in Parameters.entries")
            yield found, tensor.detach()
        if due:
            raise ValueError(f"tensors {sorted(due)[:3]} were told of in Parameters.entries but did not come")


def as_bytes(tensor: Tensor) -> Tensor:
    """Return the tensor's bytes, [bytes]; they share its memory where it is contiguous."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.detach().to(dtype) if tensor.dtype.is_floating_point else tensor


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
