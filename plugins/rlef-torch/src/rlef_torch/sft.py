"""The optimizer `sft`: next-token cross-entropy on the answers of rewarded episodes, the paper's baseline without reinforcement."""

import math
import time
from collections.abc import Mapping, Sequence

from attrs import define, evolve, frozen
from torch import Tensor, nn

from rlef_core import Context, Trajectory, UpdateReport
from rlef_torch.actor import Actor
from rlef_torch.batch import Batch
from rlef_torch.families import SftConfig
from rlef_torch.losses import LikelihoodStatistics, likelihood_loss
from rlef_torch.parts import Parts
from rlef_torch.pupil import Pupil
from rlef_torch.report import step_metrics
from rlef_torch.updater import Updater


@frozen(eq=False)
class Example:
    """A trajectory whose turns are those that are learned."""

    trajectory: Trajectory

    @property
    def tokens(self) -> int:
        """How many of its tokens are learned."""
        return sum(turn.stop - turn.start for turn in self.trajectory.turns)


@define(eq=False)
class SftLearner:
    """Learns the answers of the trajectories that earned enough, at temperature 1 whatever they were sampled at."""

    policy: Actor
    updater: Updater[Example]
    config: SftConfig

    @property
    def fixed(self) -> Sequence[nn.Module]:
        return ()

    def learn(self, collection: Sequence[Trajectory], seed: int, version: int) -> UpdateReport:
        began = time.perf_counter()
        examples = self.examples(collection)
        results = self.updater.learn(examples, seed)
        metrics = step_metrics(results, self.updater.pupils["policy"].stepper.rate) | {
            "optimizer/left_out_share": 1 - len(examples) / len(collection),
            "optimizer/padding_share": self.updater.padding_share(examples),
            "optimizer/tokens_per_second": sum(len(x.ids) for x in collection) / (time.perf_counter() - began),
        }
        return UpdateReport(self.updater.planned(len(collection)), metrics)

    def examples(self, collection: Sequence[Trajectory]) -> list[Example]:
        """Return what is learned. Raises ValueError for a reward that is not finite."""
        good = [trajectory for trajectory in collection if _return(trajectory) > self.config.least_return]
        first = -1 if self.config.loss_on == "last" else 0
        return [Example(evolve(trajectory, turns=trajectory.turns[first:])) for trajectory in good]

    def state(self) -> Mapping[str, float]:
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        pass


def make_sft(path: str, config: SftConfig, context: Context) -> SftLearner:
    """Return a learner over one copy of a resolved path's weights."""
    parts = Parts(path, config, context)
    policy = parts.policy()

    def loss(examples: Sequence[Example], batch: Batch) -> tuple[Tensor, LikelihoodStatistics]:
        logprobs, entropy = policy.logprobs(batch, temperature=1.0, entropy=True)
        return likelihood_loss(logprobs, entropy=entropy)

    pupil = Pupil(parts.stepper(policy.model, policy.logprobs), loss, count=lambda example: example.tokens)
    return SftLearner(policy, parts.updater({"policy": pupil}), config)


def _return(trajectory: Trajectory) -> float:
    earned = math.fsum(turn.reward for turn in trajectory.turns)
    if not math.isfinite(earned):
        raise ValueError(
            f"the rewards of episode {trajectory.episode} add up to {earned}, expected a finite number; mend the reward function"
        )
    return earned
