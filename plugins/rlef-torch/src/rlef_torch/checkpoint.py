"""Save a learner so that it goes on exactly, with the policy as a model folder that `model.path` can name."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerFast

from rlef_models.model import ModelError
from rlef_torch.families import POLICY_FOLDER
from rlef_torch.files import not_started, not_taken, write, writing, written
from rlef_torch.learner import Learner
from rlef_torch.model import load_model, quietly
from rlef_torch.random_states import random_states, take_random_states
from rlef_torch.team import Alone
from rlef_torch.weights import fill


def save(directory: Path, learner: Learner, tokenizer: PreTrainedTokenizerFast, version: int) -> None:
    """Write weights, moments, counters and random states into `directory`. Raises CheckpointError when the disk is full or fails."""
    with writing(directory):
        with quietly():
            learner.policy.model.save_pretrained(directory / POLICY_FOLDER)
        tokenizer.save_pretrained(directory / POLICY_FOLDER)
        for name, pupil in learner.updater.pupils.items():
            if name != POLICY_FOLDER:
                write(directory, name, pupil.module.named_parameters())
            write(directory, f"{name}-adamw", pupil.stepper.state().items())
        write(directory, "random", random_states(Alone(), learner.policy.model.device).items())
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
                fill(pupil.module, dict(written(directory, name)))
            pupil.stepper.restore(dict(written(directory, f"{name}-adamw")))
        take_random_states(dict(written(directory, "random")), 0, device)
        counters = json.loads((directory / "counters.json").read_text())
        learner.updater.updates = counters["updates"]
        learner.restore(counters)
        return int(counters["version"])
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError, ModelError) as error:
        raise not_taken(directory, f"{type(error).__name__}: {error}") from error


def take_weights(directory: Path, learner: Learner) -> None:
    """Take the weights that `save` wrote, of the policy and of every other module that both have; moments and counters stay.

    Raises CheckpointError when there are none of the same model.
    """
    try:
        saved = load_model(str(directory / POLICY_FOLDER), torch.float32, torch.device("cpu"))
        fill(learner.policy.model, dict(saved.named_parameters()))
        for name, pupil in learner.updater.pupils.items():
            if (directory / f"{name}.safetensors").exists():
                fill(pupil.module, dict(written(directory, name)))
    except (OSError, ValueError, RuntimeError, SafetensorError, ModelError) as error:
        raise not_started(directory, f"{type(error).__name__}: {error}") from error
