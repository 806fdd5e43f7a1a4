"""Compute the losses of policies and critics as sums that any engine can split and divide as it likes.

All losses are sums, to be minimised. The caller divides them by the counts of the whole update (tokens or sequences for
the policy, value positions for the critic), never of a micro-batch, so every split and every number of ranks gives the
same gradient. An engine that averages gradients over ranks multiplies by the number of ranks as well.

`weights` [tokens] are factors of the tokens' losses: all 1 and a division by tokens make a mean over tokens; 1 over the
tokens of its sequence and a division by sequences make a mean over sequences of the means over their tokens.
"""

from typing import Any, Literal, Self

import attrs
import torch
from torch import Tensor

Importance = Literal["current", "old"]
ClipRange = float | tuple[float, float]


@attrs.frozen(eq=False)  # a comparison of tensors is no bool
class Statistics:
    """Sums over `count` elements, detached and without dimensions, which add up over micro-batches and ranks."""

    count: Tensor

    def __add__(self, other: Self) -> Self:
        """Return the sums of both; raises KeyError where only one of the two has an optional sum."""
        theirs = other.sums()
        return type(self)(**{name: mine + theirs[name] for name, mine in self.sums().items()})

    def sums(self) -> dict[str, Tensor]:
        """Return every sum that was taken, by field name; an engine reduces these over its ranks."""
        fields = attrs.asdict(self, recurse=False)
        return {name: value for name, value in fields.items() if value is not None}

    def none(self) -> Self:
        """Return the sums over no elements."""
        return type(self)(**{name: torch.zeros_like(value) for name, value in self.sums().items()})

    def means(self) -> dict[str, float]:
        """Return every sum but `count` divided by `count`; this waits for the device."""
        sums = self.sums()
        count = max(float(sums.pop("count")), 1.0)
        return {name: float(value) / count for name, value in sums.items()}


@attrs.frozen(eq=False, kw_only=True)  # a comparison of tensors is no bool
class LikelihoodStatistics(Statistics):
    """Sums over tokens. entropy: in nats, where given."""

    entropy: Tensor | None = None


@attrs.frozen(eq=False, kw_only=True)  # a comparison of tensors is no bool
class ReinforceStatistics(LikelihoodStatistics):
    """Sums over tokens.

    ratio: pi_theta / pi_old. weight: the truncated importance weight. kl: ratio - 1 - log ratio, an estimate (k3) of
    KL(pi_old || pi_theta), in nats. penalty: the KL to the reference, in nats, where the loss holds it.
    """

    ratio: Tensor
    weight: Tensor
    kl: Tensor
    penalty: Tensor | None = None


@attrs.frozen(eq=False, kw_only=True)  # a comparison of tensors is no bool
class PolicyStatistics(ReinforceStatistics):
    """Sums over tokens.

    outside: tokens whose weighted ratio is outside the clip range. clipped: those of them that the clip keeps from
    moving further, so that they have no gradient.
    """

    outside: Tensor
    clipped: Tensor


@attrs.frozen(eq=False)  # a comparison of tensors is no bool
class ValueStatistics(Statistics):
    """Sums over value positions.

    squared_error: (V - R)^2, without the clip. clipped: positions whose clipped error is the greater one, so that they
    have no gradient.
    """

    squared_error: Tensor
    clipped: Tensor


def policy_loss(
    logprobs: Tensor,
    old: Tensor,
    behaviour: Tensor,
    advantages: Tensor,
    *,
    importance: Importance = "current",
    clip: ClipRange = 0.2,
    weights: Tensor | None = None,
    entropy: Tensor | None = None,
) -> tuple[Tensor, PolicyStatistics]:
    """Return the negative sum over tokens of the clipped surrogate, and statistics.

    With w from `importance_weights`, which the clip sees as part of the ratio (paper, section 2.2)::

        ratio_j = w_j * pi_theta / pi_old
        loss = - sum_j min(ratio_j * A_j, clip(ratio_j, 1 - low, 1 + high) * A_j)

    logprobs: [tokens], log pi_theta of the sampled ids, with gradient.
    old: [tokens], the same by the policy that collected, from this engine. behaviour: [tokens], as the sampler said.
    advantages: [tokens], normalised. entropy: [tokens], only summed up: the paper has no entropy bonus.
    clip: the distances (low, high) from 1; a single number is both.
    Every element counts, so padding and prompt tokens are left out by the caller. No tokens give a loss of 0.
    Raises ValueError where shapes differ.
    """
    _check_shapes("logprobs", logprobs, old=old, behaviour=behaviour, advantages=advantages, weights=weights, entropy=entropy)
    low, high = clip if isinstance(clip, tuple) else (clip, clip)
    weight = importance_weights(logprobs, old, behaviour, importance)
    drift = (logprobs - old).exp()
    ratio = weight * drift
    free, held = ratio * advantages, ratio.clamp(1 - low, 1 + high) * advantages
    loss = -weighted_sum(torch.minimum(free, held), weights)
    with torch.no_grad():
        return loss, PolicyStatistics(
            outside=((ratio < 1 - low) | (ratio > 1 + high)).sum(),
            clipped=(held < free).sum(),
            **_drift(logprobs, old, weight, entropy),
        )


def reinforce_loss(
    logprobs: Tensor,
    old: Tensor,
    behaviour: Tensor,
    advantages: Tensor,
    *,
    importance: Importance = "current",
    weights: Tensor | None = None,
    entropy: Tensor | None = None,
) -> tuple[Tensor, ReinforceStatistics]:
    """Return the negative sum over tokens of w * A * log pi_theta, and statistics: REINFORCE with importance weights.

    The arguments are those of `policy_loss`, and w comes from `importance_weights`. Raises ValueError where shapes differ.
    """
    _check_shapes("logprobs", logprobs, old=old, behaviour=behaviour, advantages=advantages, weights=weights, entropy=entropy)
    weight = importance_weights(logprobs, old, behaviour, importance)
    loss = -weighted_sum(weight * advantages * logprobs, weights)
    with torch.no_grad():
        return loss, ReinforceStatistics(**_drift(logprobs, old, weight, entropy))


def likelihood_loss(logprobs: Tensor, *, entropy: Tensor | None = None) -> tuple[Tensor, LikelihoodStatistics]:
    """Return the negative sum over tokens of log pi_theta, which is the cross-entropy, and statistics. Raises ValueError as above."""
    _check_shapes("logprobs", logprobs, entropy=entropy)
    return -logprobs.sum(), LikelihoodStatistics(count=_count(logprobs), entropy=None if entropy is None else entropy.sum())


def weighted_sum(losses: Tensor, weights: Tensor | None) -> Tensor:
    """Return the sum over tokens of `losses`, each times its weight where there are weights (see the module)."""
    return (losses if weights is None else losses * weights).sum()


def importance_weights(logprobs: Tensor, old: Tensor, behaviour: Tensor, importance: Importance) -> Tensor:
    """Return [tokens]: the truncated importance weights min(pi / pi_behaviour, 1), without gradient.

    `current`: pi is pi_theta, as the paper prints it; the drift since collection then counts in the ratio and here.
    `old`: pi is pi_old, which corrects only for the difference between the sampler and the trainer.
    """
    policy = logprobs if importance == "current" else old
    # the logarithm is truncated, since exp of a large one would overflow
    return (policy - behaviour).detach().clamp(max=0).exp()


def value_loss(values: Tensor, old: Tensor, returns: Tensor, *, clip: float = 0.2) -> tuple[Tensor, ValueStatistics]:
    """Return the sum over value positions of the clipped squared error, halved, and statistics.

    With V the critic's values, V_old those before the update, R the returns (paper, section 2.2)::

        loss = 1/2 sum_t max((V_t - R_t)^2, (clip(V_t, V_old_t - clip, V_old_t + clip) - R_t)^2)

    values: [positions], with gradient. old, returns: [positions]. `clip=math.inf` leaves the clip out.
    Raises ValueError where shapes differ.
    """
    _check_shapes("values", values, old=old, returns=returns)
    free = (values - returns).square()
    held = (values.clamp(old - clip, old + clip) - returns).square()
    loss = torch.maximum(free, held).sum() / 2
    with torch.no_grad():
        return loss, ValueStatistics(count=_count(values), squared_error=free.sum(), clipped=(held > free).sum())


def _drift(logprobs: Tensor, old: Tensor, weight: Tensor, entropy: Tensor | None) -> dict[str, Any]:
    log_ratio = logprobs - old
    ratio = log_ratio.exp()
    return {
        "count": _count(ratio),
        "ratio": ratio.sum(),
        "weight": weight.sum(),
        "kl": (ratio - 1 - log_ratio).sum(),
        "entropy": None if entropy is None else entropy.sum(),
    }


def _count(like: Tensor) -> Tensor:
    return torch.tensor(like.numel(), device=like.device)


def _check_shapes(name: str, first: Tensor, **others: Tensor | None) -> None:
    for other, tensor in others.items():
        if tensor is not None and tensor.shape != first.shape:
            raise ValueError(
                f"{other} has shape {tuple(tensor.shape)} and {name} {tuple(first.shape)}, expected the same; "
                "select the trained positions alike in all of them"
            )
