"""Work out what each trajectory of a collection teaches: scores of the three models, returns, advantages (paper, section 2.2)."""

from collections.abc import Sequence

import torch
from attrs import frozen
from torch import Tensor

from rlef_core import Trajectory
from rlef_torch.actor import Actor
from rlef_torch.batch import pack, sampled
from rlef_torch.batching import micro_batches
from rlef_torch.config import PpoConfig
from rlef_torch.critic import Critic
from rlef_torch.returns import Credit, Scores, Targets, learning_targets


@frozen(eq=False)
class Lesson:
    """One trajectory with all that its updates need; `behaviour` [tokens] are the sampler's log-probs."""

    trajectory: Trajectory
    behaviour: Tensor
    scores: Scores
    targets: Targets


@torch.no_grad()
def prepare(collection: Sequence[Trajectory], policy: Actor, reference: Actor, critic: Critic, config: PpoConfig) -> list[Lesson]:
    """Return the collection's lessons, in order, scored by the models as they are now.

    Raises ValueError for trajectories without responses, or of several temperatures.
    """
    temperature = temperature_of(collection)
    scores: dict[int, Scores] = {}
    for indexes in micro_batches([len(trajectory.ids) for trajectory in collection], token_budget=config.micro_batch_tokens):
        members = [collection[index] for index in indexes]
        batch = pack(members, config.credit, policy.model.device)
        old, _ = policy.logprobs(batch, temperature)
        initial, _ = reference.logprobs(batch, temperature)
        scores.update(zip(indexes, _split(members, old, initial, critic(batch), config.credit), strict=True))
    ordered = [scores[index] for index in range(len(collection))]
    targets = learning_targets(ordered, credit=config.credit, kl_coefficient=config.kl_coefficient, gamma=config.gamma)
    behaviour = [sampled(trajectory).to(policy.model.device) for trajectory in collection]
    return [Lesson(*parts) for parts in zip(collection, behaviour, ordered, targets, strict=True)]


def temperature_of(collection: Sequence[Trajectory]) -> float:
    """Return the temperature that all were sampled at. Raises ValueError for several, or for 0, which has no log-probs to learn."""
    found = sorted({trajectory.temperature for trajectory in collection})
    if len(found) != 1 or found[0] <= 0:
        raise ValueError(f"trajectories were sampled at temperatures {found}, expected one, above 0; set rollout.sampling.temperature")
    return found[0]


def _split(trajectories: Sequence[Trajectory], old: Tensor, initial: Tensor, values: Tensor, credit: Credit) -> list[Scores]:
    lengths = [[turn.stop - turn.start for turn in trajectory.turns] for trajectory in trajectories]
    tokens = [sum(each) for each in lengths]
    positions = {"turn": [len(each) for each in lengths], "token": tokens, "episode": [1] * len(lengths)}[credit]
    parts = zip(trajectories, lengths, old.split(tokens), initial.split(tokens), values.split(positions), strict=True)
    return [
        Scores(torch.tensor([turn.reward for turn in trajectory.turns], device=old.device), own, *rest) for trajectory, own, *rest in parts
    ]
