"""The body of one rank: what every rank does for each of the optimizer's methods, however the ranks were started."""

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import attrs
import torch
from torch import nn

from rlef_core import Probe, Trajectory, UpdateReport
from rlef_deepspeed.checkpoint import save
from rlef_deepspeed.group import device_of, enter, told
from rlef_deepspeed.learning import Learning
from rlef_deepspeed.models import Models
from rlef_deepspeed.passes import Scoring
from rlef_deepspeed.publishing import parameters_of
from rlef_deepspeed.recipe import Recipe
from rlef_deepspeed.restoring import restore, start_from
from rlef_deepspeed.settings import engine_settings
from rlef_deepspeed.stepper import EngineStepper
from rlef_deepspeed.team import Ranks
from rlef_models.model import load_tokenizer
from rlef_models.transfer import Parameters
from rlef_torch.actor import Actor
from rlef_torch.clipped import learner_of
from rlef_torch.critic import Critic
from rlef_torch.lessons import Lesson
from rlef_torch.probe import probe, probe_ids
from rlef_torch.pupil import Pupil
from rlef_torch.returns import Credit
from rlef_torch.team import Alone, Team
from rlef_torch.updater import Updater


class Rank:
    """One of the ranks that learn together. All of them call the same methods in the same order, each on one thread.

    With several ranks, torch.distributed's default group is theirs. Raises ModelError where the model cannot be loaded.
    """

    def __init__(self, recipe: Recipe, rank: int, size: int, local_rank: int) -> None:
        self.recipe = recipe
        self._local_rank = local_rank
        self.device = device_of(recipe.devices, local_rank)
        torch.set_num_threads(max(1, recipe.threads // int(os.environ.get("LOCAL_WORLD_SIZE", size))))
        enter(size, self.device, recipe.config.timeout_seconds)
        self.team: Team = Alone() if size == 1 else Ranks(rank, size, self.device)
        self.tokenizer = load_tokenizer(recipe.model.path)
        models = Models(recipe, self.device)
        self._policy, reference, critic = models.policy(), models.reference(), models.critic()
        self._probed = probe_ids(self._policy.model, self.tokenizer, longest=recipe.model.max_length, seed=recipe.probe_seed)
        with told(local_rank):
            steppers = self._engines(self._policy, critic)
        learner = learner_of(
            recipe.config,
            policy=self._policy,
            policy_stepper=steppers["policy"],
            critic_stepper=steppers["critic"],
            reference=reference.logprobs,
            fixed=(reference.model,),
            updater=self._updater,
        )
        self.learning = Learning(learner, steppers, self.tokenizer, self.team, self.device)

    def learn(self, collection: Sequence[Trajectory], seed: int, version: int) -> UpdateReport:
        """Take all updates of a collection, as `rlef_torch.learner.Learner.learn` does; every rank has the whole collection."""
        before = self._skipped()
        with told(self._local_rank):
            report = self.learning.learner.learn(collection, seed, version)
        return attrs.evolve(report, metrics={**report.metrics, "optimizer/skipped_steps": self._skipped() - before})

    def parameters(self) -> Parameters:
        """Return the policy's weights as they are to be published, under Hugging Face's names; all ranks must walk them at once."""
        return parameters_of(self._policy.model)

    def probe(self) -> Probe:
        """Return what a policy can verify these weights by."""
        with told(self._local_rank):
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
        """Hand the device's memory back."""

    def resume(self) -> None:
        """Take the device's memory again."""

    def close(self) -> None:
        """Forget the engines."""
        for stepper in self.learning.steppers.values():
            stepper.close()

    def _skipped(self) -> int:
        return sum(stepper.skipped for stepper in self.learning.steppers.values())

    def _engines(self, policy: Actor, critic: Critic) -> Mapping[str, EngineStepper]:
        config = self.recipe.config
        rate = config.critic_learning_rate or config.learning_rate
        width: int = critic.head.in_features
        return {
            "policy": self._stepper(policy.model, Scoring(policy), config.learning_rate, width),
            "critic": self._stepper(critic, critic, rate, width),
        }

    def _stepper(self, module: nn.Module, forward: nn.Module, rate: float, width: int) -> EngineStepper:
        config = self.recipe.config
        return EngineStepper(
            module,
            forward,
            engine_settings(config, width, on_gpu=self.device.type == "cuda"),
            self.team,
            learning_rate=rate,
            warmup=config.warmup_updates,
            weight_decay=config.weight_decay,
            max_norm=config.max_gradient_norm,
        )

    def _updater(self, pupils: Mapping[str, Pupil[Lesson]], credit: Credit) -> Updater[Lesson]:
        config = self.recipe.config
        return Updater(
            pupils=pupils,
            device=self.device,
            passes=config.passes,
            sequences_per_update=self.recipe.sequences_per_update,
            micro_batch_tokens=config.micro_batch_tokens,
            span=lambda name: nullcontext(),
            credit=credit,
            team=self.team,
        )
