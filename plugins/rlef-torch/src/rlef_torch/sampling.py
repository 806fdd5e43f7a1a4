"""Draw tokens by the inverse of the cumulative distribution, so that a request's own random numbers decide alone."""

import torch
from torch import Tensor
from torch.nn import functional

BLOCK = 64
"""Tokens whose probabilities are summed first: only the sums, and the tokens of one block, are added up in float64."""


def sample(logits: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Return [rows] ids and [rows] their log-probs (natural) under the distribution they were drawn from.

    logits: [rows, vocabulary]. temperature, top_p: [rows]; temperature 0 takes the likeliest token, with log-prob 0.
    uniform: [rows], float64, from 0 to below 1. top_p: the smallest set of likeliest tokens that has at least this probability is kept.
    """
    greedy = temperature == 0
    scaled = logits.float() / torch.where(greedy, 1.0, temperature).float().unsqueeze(-1)
    probabilities = scaled.softmax(-1)
    cut = bool((top_p < 1).any())
    kept = _nucleus(probabilities, top_p) if cut else probabilities
    ids, mass = _draw(kept, uniform)
    chosen = probabilities.gather(-1, ids.unsqueeze(-1)).squeeze(-1).log()
    if cut:
        chosen = chosen - mass.log()
    if not bool(greedy.any()):
        return ids, chosen
    return torch.where(greedy, logits.argmax(-1), ids), torch.where(greedy, 0.0, chosen)


def _draw(probabilities: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    # ids, and the sum of all that could have been drawn; first the block, then the token within it. A point below the sum always falls
    # on a probability above 0. The sums are in float64, or the rounding of a large vocabulary's would swallow its rare tokens. Logits that
    # are no numbers put the point past every end: the last token is drawn, with a log-prob that is no number either, and no row is lost.
    rows, vocabulary = probabilities.shape
    whole = functional.pad(probabilities, (0, -vocabulary % BLOCK)) if vocabulary % BLOCK else probabilities
    blocks = whole.view(rows, -1, BLOCK)
    sums = blocks.sum(-1).double()
    edges = sums.cumsum(-1)
    mass = edges[:, -1:]
    point = _below(uniform.unsqueeze(-1) * mass, mass)
    block = torch.searchsorted(edges, point, right=True).clamp_(max=edges.shape[-1] - 1)
    own = sums.gather(-1, block)
    within = blocks.gather(1, block.unsqueeze(-1).expand(-1, -1, BLOCK)).squeeze(1).cumsum(-1, dtype=torch.float64)
    share = (point - edges.gather(-1, block) + own) / own
    place = torch.searchsorted(within, _below(share * within[:, -1:], within[:, -1:]), right=True)
    return (block * BLOCK + place).squeeze(-1).clamp_(max=vocabulary - 1), mass.squeeze(-1)


def _below(points: Tensor, ends: Tensor) -> Tensor:
    return torch.minimum(points, torch.nextafter(ends, torch.zeros_like(ends))).clamp_(min=0)


def _nucleus(probabilities: Tensor, top_p: Tensor) -> Tensor:
    ordered, places = probabilities.double().sort(dim=-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    # the likeliest token stays, whatever top_p is
    outside = (before >= top_p.unsqueeze(-1)) & (before > 0) & (top_p.unsqueeze(-1) < 1)
    return probabilities.masked_fill(outside.gather(-1, places.argsort(-1)), 0.0)
