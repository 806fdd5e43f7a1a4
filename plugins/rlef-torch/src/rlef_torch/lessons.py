"""Score a collection by the models as they are before its updates, and hold what each trajectory teaches (paper, section 2.2)."""

from collections.abc import Callable, Sequence

import torch
from attrs import frozen
from torch import Tensor

from rlef_core import Trajectory
from rlef_torch.actor import LogProbs
from rlef_torch.batch import Batch, pack
from rlef_torch.returns import Credit, Scores, Targets
from rlef_torch.team import Alone, Team, share_micro_batches


@frozen(eq=False)
class Lesson:
    """One trajectory with all that its updates need.

    behaviour: [tokens], the sampler's log-probs. weights: [tokens], factors of the tokens' losses (see losses.py).
    """

    trajectory: Trajectory
    behaviour: Tensor
    weights: Tensor
    scores: Scores
    targets: Targets


@frozen(eq=False)
class Scorer:
    """What scores: the forward passes of the policy, its reference, and a critic where the family has one.

    Every rank of the team has the whole collection, and computes its share of it.
    """

    policy: LogProbs
    reference: LogProbs
    critic: Callable[[Batch], Tensor] | None
    device: torch.device
    credit: Credit
    micro_batch_tokens: int
    team: Team = Alone()

    @torch.no_grad()
    def scores(self, collection: Sequence[Trajectory]) -> list[Scores]:
        """Return the collection's scores, in order. Raises ValueError for trajectories without responses, or of several temperatures."""
        temperature = temperature_of(collection)
        mine: dict[int, Scores] = {}
        for indexes, counted in share_micro_batches([len(each.ids) for each in collection], self.micro_batch_tokens, self.team):
            scored = self._score([collection[index] for index in indexes], temperature)
            mine |= zip(indexes, scored, strict=True) if counted else ()
        found = {index: scores for part in self.team.everyones(mine) for index, scores in part.items()}
        return [found[index] for index in range(len(collection))]

    def _score(self, members: Sequence[Trajectory], temperature: float) -> list[Scores]:
        batch = pack(members, self.credit, self.device)
        old, _ = self.policy(batch, temperature)
        initial, _ = self.reference(batch, temperature)
        lengths = [[turn.stop - turn.start for turn in trajectory.turns] for trajectory in members]
        tokens = [sum(each) for each in lengths]
        values = [None] * len(members) if self.critic is None else self.critic(batch).split(self._positions(lengths))
        parts = zip(members, lengths, old.split(tokens), initial.split(tokens), values, strict=True)
        return [
            Scores(torch.tensor([turn.reward for turn in trajectory.turns], device=old.device), own, *rest)
            for trajectory, own, *rest in parts
        ]

    def _positions(self, lengths: Sequence[Sequence[int]]) -> list[int]:
        by_credit = {"turn": [len(each) for each in lengths], "token": [sum(each) for each in lengths], "episode": [1] * len(lengths)}
        return by_credit[self.credit]


def temperature_of(collection: Sequence[Trajectory]) -> float:
    """Return the temperature that all were sampled at. Raises ValueError for several, or for 0, which has no log-probs to learn."""
    found = sorted({trajectory.temperature for trajectory in collection})
    if len(found) != 1 or found[0] <= 0:
        raise ValueError(f"trajectories were sampled at temperatures {found}, expected one, above 0; set rollout.sampling.temperature")
    return found[0]
