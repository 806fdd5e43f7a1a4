"""Publish weights that ranks gather together, so that none of them is left waiting."""

from collections.abc import Callable, Iterator
from time import perf_counter

import torch
from torch import Tensor

from rlef_deepspeed.recipe import Recipe
from rlef_models.transfer import Parameters, Publisher
from rlef_torch.model import DTYPES


def publisher(recipe: Recipe, device: torch.device) -> Publisher:
    """What rank 0 publishes by, on its device."""
    # the policy's dtype; `auto` publishes as trained
    return Publisher(recipe.directory / "published", device, dtype=DTYPES.get(recipe.model.dtype))


class Walk:
    """One walk of rank 0's over its parameters: `begin` is called when it begins, `seconds` is the time that gathering took.

    device: where they are gathered; the walk is a publisher's thread's.
    """

    def __init__(self, parameters: Parameters, device: torch.device, begin: Callable[[], None] = lambda: None) -> None:
        self.seconds = 0.0
        self._device = device
        self._begin = begin
        self._source = parameters.tensors
        self._left: Iterator[tuple[str, Tensor]] = iter(())
        self.parameters = Parameters(parameters.entries, self._tensors)

    def finish(self) -> None:
        """Go to the end where the publisher gave up: the other ranks walk on."""
        for _ in self._left:
            pass

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)  # each thread has its own
        self._begin()
        self._left = iter(self._source())
        while True:
            began = perf_counter()
            found = next(self._left, None)
            self.seconds += perf_counter() - began
            if found is None:
                return
            yield found
