"""Turn the rewards of whole episodes into what the policy and the critic learn from: returns and advantages.

`credit` says which decisions get a value, a return and an advantage of their own:

- `turn`, the paper's: one for each response, read at the last token of the turn's prompt;
- `token`: one for each sampled token, read at the token just before it (the paper's ablation);
- `episode`: one for the whole episode, read at the last token of the first prompt and shared by all turns.

A response is known by its span, the half-open range of its sampled ids in the trajectory's ids; `lengths` are the
spans' lengths. Per-token tensors hold the responses one after the other, `sum(lengths)` long.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import attrs
import torch
from torch import Tensor

from rlef_torch.kl import KlEstimator, kl_values

Credit = Literal["turn", "token", "episode"]


class Span(Protocol):
    """Where a response stands: `ids[start:stop]` of the trajectory was sampled (rlef_core's `TurnSpan` is one)."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


@attrs.frozen(eq=False)  # a comparison of tensors is no bool
class Scores:
    """One trajectory as the forward passes of the collecting policy, the reference and the critic scored it.

    task_rewards: [turns], from the reward functions, without any KL term.
    lengths: sampled tokens of each response, at least one each.
    logprobs_old, logprobs_reference: [sum(lengths)], from one engine, at the sampling temperature.
    values: [positions], the critic's output at `value_positions(spans, credit)`, before the update; None without a critic.
    """

    task_rewards: Tensor
    lengths: Sequence[int]
    logprobs_old: Tensor
    logprobs_reference: Tensor
    values: Tensor | None


@attrs.frozen(eq=False)  # a comparison of tensors is no bool
class Targets:
    """What one trajectory teaches.

    kl: [turns], mean-token KL of each response, for reports whatever the credit.
    rewards: [turns], or [sum(lengths)] with credit `token`; KL penalty included.
    returns: [positions], what the critic regresses to.
    baselines: [positions], what the returns are compared with: the critic's values, or what the group earned.
    advantages: [positions], return - baseline, normalised as the family says.
    token_advantages: [sum(lengths)], the same, laid out for `policy_loss`.
    """

    kl: Tensor
    rewards: Tensor
    returns: Tensor
    baselines: Tensor
    advantages: Tensor
    token_advantages: Tensor


def value_positions(spans: Sequence[Span], credit: Credit) -> list[int]:
    """Return the positions, in the trajectory's ids, at which the critic's output is read.

    A position sees the ids up to and including itself, so the one before a response knows the prompt and no answer.
    Those of `token` are also the positions whose hidden states predict the sampled ids.
    Raises ValueError for spans that are empty, out of order, or leave no prompt token before them.
    """
    _check_spans(spans)
    if credit == "token":
        return [position for span in spans for position in range(span.start - 1, span.stop - 1)]
    return [span.start - 1 for span in (spans if credit == "turn" else spans[:1])]


def learning_targets(
    batch: Sequence[Scores],
    *,
    credit: Credit = "turn",
    kl_coefficient: float = 0.05,
    kl_estimator: KlEstimator = "k1",
    gamma: float = 1.0,
    epsilon: float = 1e-8,
) -> list[Targets]:
    """Return the targets of every trajectory of a collection, in order (paper, section 2.2).

    `batch` is the whole collection: advantages are normalised over all its positions (turns, tokens or episodes by
    `credit`), so an engine with several ranks gathers the scores first. Gradients do not flow through.
    Raises ValueError where a trajectory's tensors disagree about its turns, tokens or positions.
    """
    if not batch:
        return []
    for number, scores in enumerate(batch):
        check_scores(number, scores, credit)
    with torch.no_grad():
        rewards = [penalised_rewards(each, credit=credit, kl_coefficient=kl_coefficient, kl_estimator=kl_estimator) for each in batch]
        returns = [credited_returns(each, credit=credit, gamma=gamma) for each in rewards]
        values = [scores.values for scores in batch if scores.values is not None]
        raw = [each - value for each, value in zip(returns, values, strict=True)]
        advantages = torch.split(normalised(torch.cat(raw), epsilon), [len(each) for each in raw])
        return [
            Targets(
                kl=turn_means(scores.logprobs_old - scores.logprobs_reference, scores.lengths),
                rewards=rewards[i],
                returns=returns[i],
                baselines=values[i],
                advantages=advantages[i],
                token_advantages=over_tokens(advantages[i], scores.lengths, credit),
            )
            for i, scores in enumerate(batch)
        ]


def turn_means(per_token: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return [turns]: the mean of `per_token` [sum(lengths)] over each response's tokens."""
    return torch.stack([response.mean() for response in torch.split(per_token, list(lengths))])


def penalised_rewards(scores: Scores, *, credit: Credit, kl_coefficient: float, kl_estimator: KlEstimator = "k1") -> Tensor:
    """Return the task rewards less the KL penalty of pi_old; k1 is log pi_old - log rho (paper, section 2.2).

    Credit `turn` and `episode`: [turns], each turn pays once for the mean over its tokens; a sum would favour short
    answers. Credit `token`: [sum(lengths)], each token pays for itself, and the task reward falls on the last token.
    """
    kl = kl_values(scores.logprobs_old, scores.logprobs_reference, kl_estimator)
    if credit != "token":
        return scores.task_rewards - kl_coefficient * turn_means(kl, scores.lengths)
    last = torch.tensor(list(scores.lengths), device=kl.device).cumsum(0) - 1
    return (-kl_coefficient * kl).index_add(0, last, scores.task_rewards.to(kl.dtype))


def credited_returns(rewards: Tensor, *, credit: Credit, gamma: float = 1.0) -> Tensor:
    """Return [positions]: the Monte-Carlo returns that the values stand for; with `episode`, the first turn's only."""
    returns = monte_carlo_returns(rewards, gamma)
    return returns[:1] if credit == "episode" else returns


def monte_carlo_returns(rewards: Tensor, gamma: float = 1.0) -> Tensor:
    """Return [steps]: each step's reward plus `gamma` times the next step's return; a step is one entry of `rewards`.

    No value is bootstrapped (lambda = 1), since every episode is played to its end.
    """
    if gamma == 1.0:
        return rewards.flip(0).cumsum(0).flip(0)
    returns = rewards.clone()
    for step in range(len(rewards) - 2, -1, -1):
        returns[step] += gamma * returns[step + 1]
    return returns


def normalised(advantages: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Return the advantages of a whole batch with mean 0 and population standard deviation 1.

    `epsilon` is added to the standard deviation, so a batch of equal advantages becomes zeros.
    """
    centred = advantages - advantages.mean()
    return centred / (centred.square().mean().sqrt() + epsilon)


def over_tokens(per_position: Tensor, lengths: Sequence[int], credit: Credit) -> Tensor:
    """Return [sum(lengths)]: every sampled token with the advantage (or value, or return) that it shares in."""
    if credit == "token":
        return per_position
    if credit == "episode":
        return per_position.repeat(sum(lengths))
    return per_position.repeat_interleave(torch.tensor(list(lengths), device=per_position.device))


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """Return the share of the returns' variance that the values explain: 1 perfect, 0 no better than a constant.

    It is negative for values worse than a constant, and 0 where the returns do not vary.
    """
    variance = returns.var(correction=0)
    if variance == 0:
        return 0.0
    return float(1 - (returns - values).var(correction=0) / variance)


def _check_spans(spans: Sequence[Span]) -> None:
    end = 0
    for number, span in enumerate(spans):
        if span.start <= end or span.stop <= span.start:
            raise ValueError(
                f"response {number} has sampled ids {span.start} to {span.stop}, expected at least one of them and "
                f"at least one prompt id after id {end}; leave the trajectory out of the batch"
            )
        end = span.stop
    if not spans:
        raise ValueError("a trajectory has no responses, expected at least one; leave it out of the batch")


def check_scores(number: int, scores: Scores, credit: Credit | None) -> None:
    """Raise ValueError where a trajectory's tensors disagree about its turns, tokens or positions; `credit` None: it has no values."""
    turns, tokens = len(scores.lengths), sum(scores.lengths)
    if not turns or min(scores.lengths) < 1:
        raise ValueError(f"trajectory {number} has response lengths {list(scores.lengths)}, expected at least 1 each")
    expected = {"task_rewards": turns, "logprobs_old": tokens, "logprobs_reference": tokens}
    if credit:
        expected["values"] = {"turn": turns, "token": tokens, "episode": 1}[credit]
    for name, size in expected.items():
        shape = tuple(getattr(getattr(scores, name), "shape", ()))
        if shape != (size,):
            raise ValueError(f"trajectory {number} has {name} of shape {shape}, expected ({size},) with {credit=}")
