"""Follow how many bytes of tensors a computation holds, also one on fake tensors, which have shapes and no memory."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Peak(TorchDispatchMode):
    """Inside, `bytes` are those that the results of operations hold now, backward passes included, and `most` is their maximum.

    What existed before does not count. Each storage counts once, whole, until nobody refers to it.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.bytes = 0
        self.most = 0
        self._held: dict[int, Any] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        before = {tensor.untyped_storage()._cdata for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in before:  # neither in place nor a view
                self._count(tensor)
        self.most = max(self.most, self.bytes)
        return result

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._held:
            self._held[key] = weakref.finalize(storage, self._forget, key, size)
            self._held[key].atexit = False
            self.bytes += size

    def _forget(self, key: int, size: int) -> None:
        del self._held[key]
        self.bytes -= size


@contextmanager
def peak() -> Iterator[Peak]:
    """What the block's computations hold above what there was before; read it after the block."""
    with Peak() as found:
        yield found
