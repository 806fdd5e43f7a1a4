"""Compute log-probs of given tokens without ever holding the logits of a whole batch in memory."""

from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def token_logprobs(
    hidden: Tensor,
    head: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None = None,
    temperature: float = 1.0,
    soft_cap: float | None = None,
    entropy: bool = False,
    chunk_tokens: int = 1024,
) -> tuple[Tensor, Tensor | None]:
    """Return [tokens]: the log-prob of each target; and, if asked for, [tokens]: the entropy there; both in nats.

    hidden: [tokens, width], the model's last hidden states (after its final norm) at the positions that predict
    `targets`; pass the trained positions only, since each row costs a product with the vocabulary.
    head: [vocabulary, width], the weight of the output layer. bias: [vocabulary]. targets: [tokens], ids.
    temperature: the sampler's, above 0. soft_cap: c, for a model whose last step is c * tanh(logits / c).
    chunk_tokens: rows whose logits stand in memory at once, forward and backward; three to five float32
    copies of them, at most 2.5 GiB for 1024 rows and 128k tokens. It changes no result.

    The softmax is taken in float32, or float64 for float64 input, whatever the dtype of `hidden`. The logits of each
    chunk are computed again in the backward pass. The entropy has no gradient: it is a metric.
    Raises ValueError for a temperature or chunk that is not positive, or where `hidden` and `targets` differ in length.
    """
    _check(hidden, targets, temperature, chunk_tokens)
    chunk = partial(_chunk, bias=bias, temperature=temperature, soft_cap=soft_cap, entropy=entropy)
    logprobs, entropies = [], []
    for rows, ids in zip(torch.split(hidden, chunk_tokens), torch.split(targets, chunk_tokens), strict=True):
        # without reentrance, frozen inputs and several backward passes work as they do without checkpoints
        chosen, spread = checkpoint(chunk, rows, head, ids, use_reentrant=False, preserve_rng_state=False)
        logprobs.append(chosen)
        entropies.append(spread)
    return torch.cat(logprobs), torch.cat(entropies) if entropy else None


def _chunk(
    hidden: Tensor,
    head: Tensor,
    targets: Tensor,
    *,
    bias: Tensor | None,
    temperature: float,
    soft_cap: float | None,
    entropy: bool,
) -> tuple[Tensor, Tensor | None]:
    logits = torch.nn.functional.linear(hidden, head, bias)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if soft_cap is not None:
        logits = soft_cap * (logits / soft_cap).tanh()
    if temperature != 1.0:
        logits = logits / temperature
    logits = logits.log_softmax(-1)
    chosen = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    # entr knows that 0 log 0 is 0, which a head with masked ids (-inf) needs
    return chosen, torch.special.entr(logits.detach().exp()).sum(-1) if entropy else None


def _check(hidden: Tensor, targets: Tensor, temperature: float, chunk_tokens: int) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature!r}, expected above 0; greedy sampling has no log-probs to learn")
    if chunk_tokens < 1:
        raise ValueError(f"chunk_tokens is {chunk_tokens!r}, expected at least 1")
    if hidden.dim() != 2 or targets.shape != hidden.shape[:1]:
        raise ValueError(
            f"hidden has shape {tuple(hidden.shape)} and targets {tuple(targets.shape)}, expected [tokens, width] and [tokens]"
        )
