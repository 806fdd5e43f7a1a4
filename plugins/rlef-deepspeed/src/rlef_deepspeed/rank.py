"""The body of one rank: what every rank does for each of the optimizer's methods, however the ranks were started."""

import os
from collections.abc import Sequence
from pathlib import Path

import attrs
import torch

from rlef_core import Probe, Trajectory, UpdateReport
from rlef_deepspeed.building import build
from rlef_deepspeed.checkpoint import save
from rlef_deepspeed.group import device_of, enter, told
from rlef_deepspeed.parking import Parked, module_tensors, tensors_of
from rlef_deepspeed.publishing import parameters_of
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.restoring import restore, start_from
from rlef_deepspeed.team import Ranks
from rlef_models.transfer import Parameters
from rlef_torch.probe import probe, probe_ids
from rlef_torch.team import Alone


class Rank:
    """One of the ranks that learn together. All of them call the same methods in the same order, each on one thread.

    With several ranks, torch.distributed's default group is theirs. Raises ModelError where the model cannot be loaded.
    """

    def __init__(self, recipe: Recipe, rank: int, size: int, local_rank: int) -> None:
        self.recipe = recipe
        self.device = device_of(recipe.devices, local_rank)
        torch.set_num_threads(max(1, recipe.threads // int(os.environ.get("LOCAL_WORLD_SIZE", size))))
        enter(size, self.device, recipe.config.timeout_seconds)
        self._told = local_rank if self.device.index is None else self.device.index  # DeepSpeed takes the GPU of its local rank
        with told(self._told):
            self.learning = build(recipe, Alone() if size == 1 else Ranks(rank, size, self.device), self.device)
        self.tokenizer = self.learning.tokenizer
        self._policy = self.learning.learner.policy.model
        self._probed = probe_ids(self._policy, self.tokenizer, longest=recipe.model.max_length, seed=recipe.probe_seed)
        self._parked: Parked | None = None

    def learn(self, collection: Sequence[Trajectory], seed: int, version: int) -> UpdateReport:
        """Take all updates of a collection, as `rlef_torch.learner.Learner.learn` does; every rank has the whole collection."""
        before = self._skipped()
        with told(self._told):
            report = self.learning.learner.learn(collection, seed, version)
        return attrs.evolve(report, metrics={**report.metrics, "optimizer/skipped_steps": self._skipped() - before})

    def parameters(self) -> Parameters:
        """Return the policy's weights as they are to be published, under Hugging Face's names; all ranks must walk them at once."""
        return parameters_of(self._policy)

    def probe(self) -> Probe:
        """Return what a policy can verify these weights by."""
        with told(self._told):
            return probe(self.learning.steppers["policy"].forward, self._probed, self.device)

    def save(self, directory: Path, version: int) -> None:
        """Write all that `restore` needs. Raises CheckpointError, on all ranks, when the disk is full or fails."""
        save(directory, self.learning, version)

    def restore(self, directory: Path) -> int:
        """Take what `save`, or `ppo`, wrote; returns the version. Raises CheckpointError, on all ranks, where it cannot."""
        return restore(directory, self.learning)

    def start_from(self, directory: Path) -> None:
        """Take the weights that `save`, or `ppo`, wrote, and nothing else. Raises CheckpointError, on all ranks, where it cannot."""
        start_from(directory, self.learning)

    def suspend(self) -> None:
        """Hand a GPU's memory back; what is on a CPU stays."""
        if self.device.type == "cuda" and self._parked is None:
            torch.cuda.synchronize(self.device)
            self._parked = self.park()
            torch.cuda.empty_cache()

    def park(self) -> Parked:
        """Take all that this rank's modules and engines hold out of the device's memory, until it is restored."""
        tensors = [each for stepper in self.learning.steppers.values() for each in tensors_of(stepper.engine)]
        tensors += [each for module in self.learning.learner.fixed for each in module_tensors(module)]
        return Parked(each for each in tensors if each.device.type == self.device.type)

    def resume(self) -> None:
        """Take the memory again."""
        if self._parked is not None:
            self._parked.restore()
            self._parked = None

    def close(self) -> None:
        """Forget the engines."""
        for stepper in self.learning.steppers.values():
            stepper.close()

    def _skipped(self) -> int:
        return sum(stepper.skipped for stepper in self.learning.steppers.values())
