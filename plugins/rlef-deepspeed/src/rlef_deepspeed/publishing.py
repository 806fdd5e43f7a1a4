"""Give weights away that are kept in parts, one tensor after another."""

from collections.abc import Iterator

from torch import Tensor, nn

from rlef_deepspeed.whole import current, shape_of
from rlef_models.transfer.parameters import Entry, Parameters


def parameters_of(model: nn.Module) -> Parameters:
    """Return a model's weights, in its engine's dtype; each is gathered when its turn comes, so all ranks must walk them at once."""
    named = dict(model.named_parameters())

    def tensors() -> Iterator[tuple[str, Tensor]]:
        return ((name, current(parameter)) for name, parameter in named.items())

    return Parameters(tuple(Entry(name, each.dtype, shape_of(each)) for name, each in named.items()), tensors)
