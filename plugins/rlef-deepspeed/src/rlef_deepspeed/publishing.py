"""Give weights away that are kept in parts, one tensor after another."""

from collections.abc import Iterator

from torch import Tensor, nn

from rlef_deepspeed.weights import weights_of
from rlef_deepspeed.whole import current
from rlef_models.transfer.parameters import Entry, Parameters


def parameters_of(model: nn.Module) -> Parameters:
    """Return a model's weights, in its engine's dtype; each is gathered when its turn comes, so all ranks must walk them at once."""
    weights = weights_of(model)

    def tensors() -> Iterator[tuple[str, Tensor]]:
        return ((each.name, each.read(current)) for each in weights)

    return Parameters(tuple(Entry(each.name, each.parameter.dtype, each.shape) for each in weights), tensors)
