"""Say where the tensors of a checkpoint go, and whether a checkpoint has them."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import frozen
from torch import Tensor, nn

from rlef_deepspeed.moments import Moments
from rlef_deepspeed.weights import adapters_of, weights_of
from rlef_deepspeed.whole import fill
from rlef_torch.files import Stored

Files = Mapping[str, Mapping[str, "Sink"]]
"""Files of a checkpoint by name, and in each where its tensors go."""


@frozen(eq=False)
class Sink:
    """A tensor's shape, and what takes it; None where it stays as it was loaded."""

    shape: tuple[int, ...]
    put: Callable[[Tensor], None] | None


def weight_sinks(name: str, module: nn.Module) -> dict[str, dict[str, Sink]]:
    """Return the sinks of the weights that learn in a module of that name: those of its file, and of its adapters' file if it has any."""
    plain = {
        each.name: Sink(each.shape, partial(fill, each.parameter) if each.parameter.requires_grad else None) for each in weights_of(module)
    }
    adapters = {each.name: Sink(each.shape, partial(fill, each.parameter)) for each in adapters_of(module)}
    return {name: plain, **({f"{name}-lora": adapters} if adapters else {})}


def moment_sinks(moments: Moments) -> dict[str, Sink]:
    """Return the sinks of AdamW's state."""
    return {name: Sink(shape, partial(moments.put, name)) for name, shape in moments.shapes().items()}


def check(file: str, stored: Stored, sinks: Mapping[str, Sink], *, more: bool) -> None:
    """Raise ValueError unless a file has what goes into the sinks; `more`: it may have more."""
    missing, extra = sorted(sinks.keys() - stored.keys()), sorted(stored.keys() - sinks.keys())
    if missing or (extra and not more):
        raise ValueError(f"weights {(missing or extra)[:3]} of {file!r} stand on one side only")
    for name, sink in sinks.items():
        if stored.shapes[name] != sink.shape:
            raise ValueError(f"weight {name!r} of {file!r} has shape {stored.shapes[name]}, expected {sink.shape}")
