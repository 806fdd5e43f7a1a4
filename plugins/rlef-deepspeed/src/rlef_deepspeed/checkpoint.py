"""Save ranks so that they go on exactly, on as many ranks or on others, in the files that `ppo` writes too."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

from attrs import frozen
from safetensors import SafetensorError
from torch import Tensor

from rlef_deepspeed.folder import write_folder
from rlef_deepspeed.learning import Learning
from rlef_deepspeed.weights import Weight, adapters_of, extras_of, weights_of
from rlef_deepspeed.whole import exact
from rlef_torch.families import POLICY_FOLDER
from rlef_torch.files import write, writing
from rlef_torch.random_states import random_states

Put = Callable[[Iterable[tuple[str, Tensor]]], Any]


@frozen(eq=False)
class _File:
    """Writes tensors that all ranks gather one at a time; rank 0 writes."""

    write: Put
    tensors: Iterable[tuple[str, Tensor]] = ()


def save(directory: Path, learning: Learning, version: int) -> None:
    """Write weights, moments, counters and random states. Raises CheckpointError, on all ranks, when the disk is full or fails."""
    errors = [_written(file, learning.team.rank) for file in _files(directory, learning, version)]
    with writing(directory):
        error = learning.team.everyones(next(filter(None, errors), None))[0]
        if error is not None:
            raise error


def _written(file: _File, rank: int) -> Exception | None:
    tensors, error = iter(file.tensors), None
    if rank == 0:
        try:
            file.write(tensors)
        except (OSError, SafetensorError) as found:
            error = found
    deque(tensors, maxlen=0)  # the other ranks gather, and so must this one, whatever came of its files
    return error


def _files(directory: Path, learning: Learning, version: int) -> Iterator[_File]:
    policy = learning.learner.policy.model
    weights = weights_of(policy)
    extras = extras_of(policy)
    sizes = {each.name: prod(each.shape) for each in weights} | {name: each.numel() for name, each in extras.items()}
    folder = directory / POLICY_FOLDER
    yield _File(partial(write_folder, folder, policy, sizes), chain(_exact(weights), extras.items()))
    yield _File(lambda _: learning.tokenizer.save_pretrained(folder))
    for name, stepper in learning.steppers.items():
        if name != POLICY_FOLDER:
            yield _file(directory, name, _exact(weights_of(stepper.module)))
        if adapters := adapters_of(stepper.module):
            yield _file(directory, f"{name}-lora", _exact(adapters))
        yield _file(directory, f"{name}-adamw", stepper.state().items())
    yield _file(directory, "random", random_states(learning.team, learning.device).items())
    counters: dict[str, Any] = {"updates": learning.learner.updater.updates, "version": version, **learning.learner.state()}
    counters["loss_scales"] = {name: stepper.loss_scale() for name, stepper in learning.steppers.items()}
    yield _File(lambda _: (directory / "counters.json").write_text(json.dumps(counters)))


def _file(directory: Path, name: str, tensors: Iterable[tuple[str, Tensor]]) -> _File:
    return _File(partial(write, directory, name), tensors)


def _exact(weights: Iterable[Weight]) -> Iterator[tuple[str, Tensor]]:
    return ((each.name, each.read(exact)) for each in weights)
