"""Hold the keys and values of a running batch, so that a decoding step writes one column and copies nothing."""

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from rlef_torch.cache import KeysValues


class Rows:
    """The batch's KV cache: the tokens of row r stand in the `lengths[r]` columns before `end`, padding on the left.

    All rows share the column that is written next, as in any left-padded batch, so that windowed attention finds its distances. A row
    that leaves is replaced by the last one. `cache` is what the model is called with.
    """

    def __init__(self) -> None:
        self.cache = Cache(layers=[])
        self.lengths: list[int] = []
        self.end = 0

    @property
    def width(self) -> int:
        """The columns in use: the longest row's."""
        return max(self.lengths, default=0)

    def reserve(self, like: KeysValues, rows: int, length: int) -> None:
        """Make room for `rows` more rows, the longest of `length` tokens, shaped as in `like`."""
        longest, wanted = max(self.width, length), len(self.lengths) + rows
        if self._capacity(0) < wanted or self.end < longest or self._capacity(2) <= self.end:
            self._rebuild(like, max(wanted, self._capacity(0)), longest)

    def add(self, layers: KeysValues, length: int) -> None:
        """Add a row of the last `length` tokens of `layers`, for which room was reserved."""
        place = slice(self.end - length, self.end)
        for layer, (keys, values) in zip(self.cache.layers, layers, strict=True):
            layer.keys[len(self.lengths), :, place] = keys[:, -length:]
            layer.values[len(self.lengths), :, place] = values[:, -length:]
        self.lengths.append(length)

    def positions(self) -> tuple[Tensor, Tensor]:
        """Return what the next step is called with: [rows, 1] positions, [rows, width + 1] the mask of tokens, the new one included."""
        lengths = torch.tensor(self.lengths).unsqueeze(-1)
        return lengths, torch.arange(self.width + 1) >= self.width - lengths

    def advance(self) -> None:
        """Count the column that a step has written; makes room for the next."""
        self.end += 1
        self.lengths = [length + 1 for length in self.lengths]
        if self._capacity(2) <= self.end:
            self._rebuild([(layer.keys[0], layer.values[0]) for layer in self.cache.layers], self._capacity(0), self.width)

    def copy(self, row: int) -> KeysValues:
        """Return a copy of a row's keys and values."""
        place = slice(self.end - self.lengths[row], self.end)
        return [(layer.keys[row, :, place].clone(), layer.values[row, :, place].clone()) for layer in self.cache.layers]

    def remove(self, row: int) -> None:
        """Remove a row; the last one takes its place."""
        last = self.lengths.pop()
        if row == len(self.lengths):
            return
        place = slice(self.end - last, self.end)
        for layer in self.cache.layers:
            layer.keys[row, :, place] = layer.keys[len(self.lengths), :, place]
            layer.values[row, :, place] = layer.values[len(self.lengths), :, place]
        self.lengths[row] = last

    def clear(self) -> None:
        """Remove all rows and free their memory."""
        self.cache.layers.clear()
        self.lengths.clear()
        self.end = 0

    def _capacity(self, dimension: int) -> int:
        return int(self.cache.layers[0].keys.shape[dimension]) if self.cache.layers else 0

    def _rebuild(self, like: KeysValues, rows: int, longest: int) -> None:
        # Room for a quarter more tokens: a whole batch is copied once in that many steps.
        columns = longest + max(64, longest // 4)
        if not self.cache.layers:
            self.cache.layers.extend(_RowLayer(self) for _ in like)
        for layer, (keys, values) in zip(self.cache.layers, like, strict=True):
            layer.keys = self._moved(layer.keys, keys, rows, columns, longest)
            layer.values = self._moved(layer.values, values, rows, columns, longest)
        self.end = longest

    def _moved(self, old: Tensor | None, like: Tensor, rows: int, columns: int, end: int) -> Tensor:
        new = like.new_zeros(rows, like.shape[0], columns, like.shape[-1])
        if old is not None and self.lengths:
            kept = slice(0, len(self.lengths))
            new[kept, :, end - self.width : end] = old[kept, :, self.end - self.width : self.end]
        return new


class _RowLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped
    # One layer: `keys` and `values` hold all columns, the model is shown those in use.

    keys: Tensor
    values: Tensor

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.is_initialized = True
        self._rows = rows

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        rows = self._rows
        used, shown = slice(0, len(rows.lengths)), slice(rows.end - rows.width, rows.end + 1)
        self.keys[used, :, rows.end] = key_states[:, :, 0]
        self.values[used, :, rows.end] = value_states[:, :, 0]
        return self.keys[used, :, shown], self.values[used, :, shown]

    def get_seq_length(self, *args: Any, **kwargs: Any) -> int:
        return self._rows.width
