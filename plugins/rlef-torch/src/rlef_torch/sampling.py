"""Draw tokens by the inverse of the cumulative distribution, so that a request's own random numbers decide alone."""

import torch
from torch import Tensor


def sample(logits: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Return [rows] ids and [rows] their log-probs (natural) under the distribution they were drawn from.

    logits: [rows, vocabulary]. temperature, top_p: [rows]; temperature 0 takes the likeliest token, with log-prob 0.
    uniform: [rows], float64, from 0 to below 1. top_p: the smallest set of likeliest tokens that has at least this probability is kept.
    """
    greedy = temperature == 0
    scaled = logits.float() / torch.where(greedy, 1.0, temperature).float().unsqueeze(-1)
    logprobs = scaled.log_softmax(-1)
    ids, mass = _draw(logprobs.exp(), top_p, uniform)
    chosen = logprobs.gather(-1, ids.unsqueeze(-1)).squeeze(-1) - mass.log()
    if not bool(greedy.any()):
        return ids, chosen
    return torch.where(greedy, logits.argmax(-1), ids), torch.where(greedy, 0.0, chosen)


def _draw(probabilities: Tensor, top_p: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    # ids, and the probability of all that could have been drawn
    cut = bool((top_p < 1).any())
    kept = _nucleus(probabilities, top_p) if cut else probabilities
    # in float64, or the rounding of a large vocabulary's sum would swallow its rare tokens
    cumulative = kept.cumsum(-1, dtype=torch.float64)
    mass = cumulative[:, -1]
    # the first entry above the threshold has a probability above 0, whatever was rounded
    ids = torch.searchsorted(cumulative, (uniform * mass).unsqueeze(-1), right=True).squeeze(-1)
    return ids.clamp(max=probabilities.shape[-1] - 1), mass if cut else torch.ones_like(mass)


def _nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    ordered, places = probabilities.double().sort(dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    # the likeliest token stays, whatever top_p is
    outside = (before >= top_p.unsqueeze(-1)) & (before > 0) & (top_p.unsqueeze(-1) < 1)
    return probabilities.masked_fill(outside.gather(-1, places.argsort(-1)), 0.0)
