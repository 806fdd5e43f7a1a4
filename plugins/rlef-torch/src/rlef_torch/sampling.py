"""Draw tokens by the inverse of the cumulative distribution, so that a request's own random numbers decide alone."""

import torch
from torch import Tensor


def sample(logits: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Return [rows] ids and [rows] their log-probs (natural, float64) under the distribution they were drawn from.

    logits: [rows, vocabulary]. temperature, top_p: [rows]; temperature 0 takes the likeliest token, with log-prob 0.
    uniform: [rows], from 0 to below 1. top_p: the smallest set of likeliest tokens that has at least this probability is kept.
    """
    greedy = temperature == 0
    scaled = logits.double() / torch.where(greedy, 1.0, temperature).unsqueeze(-1)
    logprobs = scaled.log_softmax(-1)
    probabilities = logprobs.exp()
    if bool((top_p < 1).any()):
        probabilities = _nucleus(probabilities, top_p)
    cumulative = probabilities.cumsum(-1)
    mass = cumulative[:, -1:]
    # the first entry above the threshold has a probability above 0, whatever was rounded
    ids = torch.searchsorted(cumulative, uniform.unsqueeze(-1).double() * mass, right=True).clamp(max=logits.shape[-1] - 1)
    chosen = (logprobs.gather(-1, ids) - mass.log()).squeeze(-1)
    ids = torch.where(greedy, logits.argmax(-1), ids.squeeze(-1))
    return ids, torch.where(greedy, 0.0, chosen)


def _nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    ordered, places = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    # the likeliest token stays, even with top_p 0
    outside = before >= top_p.unsqueeze(-1).clamp(min=torch.finfo(torch.float64).tiny)
    return probabilities.masked_fill(outside.gather(-1, places.argsort(-1)), 0.0)
