"""Estimate how far a policy is from its reference, from the log-probs of sampled tokens, and keep that near a target.

With d = log pi - log rho of a token sampled by pi, three estimates of KL(pi || rho), all right in the mean but for k2::

    k1 = d        k2 = d^2 / 2        k3 = exp(-d) - 1 + d

What they teach differs. As a penalty in the reward, k1 gives the gradient of KL(pi || rho); k2 and k3 do not. In the loss
the plain derivative of k1 is zero in the mean, that of k2 is the gradient of KL(pi || rho), that of k3 the gradient of
the reverse, KL(rho || pi). Here k1 in the loss is given the derivative of its mean, d * grad log pi, which is k2's.
"""

from typing import Literal

import torch
from torch import Tensor

KlEstimator = Literal["k1", "k2", "k3"]
DEFAULT_HORIZON = 10_000
_LARGEST_ERROR = 0.2


def kl_values(logprobs: Tensor, reference: Tensor, estimator: KlEstimator) -> Tensor:
    """Return [tokens], without gradient: each token's estimate of KL(pi || rho), in nats.

    logprobs, reference: [tokens], log pi and log rho of the sampled ids.
    """
    return kl_losses(logprobs, reference, estimator).detach()


def kl_losses(logprobs: Tensor, reference: Tensor, estimator: KlEstimator) -> Tensor:
    """Return [tokens]: the estimates, with the gradient that a loss needs (see the module)."""
    distance = logprobs - reference
    if estimator == "k1":
        # in value d, in gradient d * grad log pi
        return distance.detach() * (1 + logprobs - logprobs.detach())
    if estimator == "k2":
        return distance.square() / 2
    return torch.expm1(-distance) + distance


def adapted(coefficient: float, measured: float, *, target: float, horizon: int, episodes: int) -> float:
    """Return the next collection's KL coefficient (Ziegler et al., arXiv 1909.08593, section 2.2).

    It grows by the relative error of the `measured` KL, held within 20 %, times `episodes` learned from over `horizon`, at most 1: no
    collection moves it by more than 20 %, however short the horizon, so that it stays above 0.
    """
    error = min(max(measured / target - 1, -_LARGEST_ERROR), _LARGEST_ERROR)
    return coefficient * (1 + error * min(episodes / horizon, 1.0))
