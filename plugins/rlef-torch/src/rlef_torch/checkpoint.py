"""Save a learner so that it goes on exactly, with the policy as a model folder that `model.path` can name."""

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from rlef_core import CheckpointError
from rlef_models.model import ModelError
from rlef_torch.families import POLICY_FOLDER
from rlef_torch.learner import Learner
from rlef_torch.model import load_model, quietly
from rlef_torch.weights import fill


def save(directory: Path, learner: Learner, tokenizer: PreTrainedTokenizerFast, version: int) -> None:
    """Write weights, moments, counters and random states into `directory`. Raises CheckpointError when the disk is full or fails."""
    with _writing(directory):
        with quietly():
            learner.policy.model.save_pretrained(directory / POLICY_FOLDER)
        tokenizer.save_pretrained(directory / POLICY_FOLDER)
        for name, pupil in learner.updater.pupils.items():
            if name != POLICY_FOLDER:
                _write(directory / f"{name}.safetensors", dict(pupil.module.named_parameters()))
            _write(directory / f"{name}-adamw.safetensors", pupil.stepper.state())
        _write(directory / "random.safetensors", _random_states())
        counters = {"updates": learner.updater.updates, "version": version, **learner.state()}
        (directory / "counters.json").write_text(json.dumps(counters))


def restore(directory: Path, learner: Learner) -> int:
    """Take what `save` wrote; returns the version. Raises CheckpointError when it is incomplete or of another model or family."""
    device = learner.policy.model.device
    try:
        saved = load_model(str(directory / POLICY_FOLDER), torch.float32, torch.device("cpu"))
        fill(learner.policy.model, dict(saved.named_parameters()))
        for name, pupil in learner.updater.pupils.items():
            if name != POLICY_FOLDER:
                fill(pupil.module, load_file(directory / f"{name}.safetensors"))
            pupil.stepper.restore(load_file(directory / f"{name}-adamw.safetensors"))
        _take_random_states(load_file(directory / "random.safetensors"), device)
        counters = json.loads((directory / "counters.json").read_text())
        learner.updater.updates = counters["updates"]
        learner.restore(counters)
        return int(counters["version"])
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError, ModelError) as error:
        raise CheckpointError(
            f"the optimizer's state in {str(directory)!r} cannot be taken up ({type(error).__name__}: {error}), expected one saved by the "
            f"same optimizer with the same model.path; remove the folder {str(directory.parent)!r} and resume, which takes the checkpoint "
            "before it"
        ) from error


def take_weights(directory: Path, learner: Learner) -> None:
    """Take the weights that `save` wrote, of the policy and of every other module that both have; moments and counters stay.

    Raises CheckpointError when there are none of the same model.
    """
    try:
        saved = load_model(str(directory / POLICY_FOLDER), torch.float32, torch.device("cpu"))
        fill(learner.policy.model, dict(saved.named_parameters()))
        for name, pupil in learner.updater.pupils.items():
            if (path := directory / f"{name}.safetensors").exists():
                fill(pupil.module, load_file(path))
    except (OSError, ValueError, RuntimeError, SafetensorError, ModelError) as error:
        raise CheckpointError(
            f"the weights in {str(directory)!r} cannot be taken ({type(error).__name__}: {error}), expected those of a run whose "
            "model.path is the same model"
        ) from error


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def _random_states() -> dict[str, Tensor]:
    cuda = [torch.cuda.get_rng_state(device) for device in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), **{f"cuda:{device}": state for device, state in enumerate(cuda)}}


def _take_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and str(device) in states:
        torch.cuda.set_rng_state(states[str(device)], device)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or f"os error {errno.ENOSPC}" in str(error)
        found = "the disk is full" if full else f"writing failed ({error})"
        raise CheckpointError(
            f"the optimizer's state was not saved to {str(directory)!r}: {found}; make room, lower training.keep_checkpoints or move "
            "run.directory, then resume from the last complete checkpoint"
        ) from error
