"""Compute log-probs of given tokens without ever holding the logits of a whole batch in memory."""

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
    chunk_tokens: int = 1024,
) -> tuple[Tensor, Tensor]:
    """Return ([tokens], [tokens]): the log-prob of each target and the entropy of its distribution, in nats.

    hidden: [tokens, width], the model's last hidden states (after its final norm) at the positions that predict
    `targets`; pass the trained positions only, since each row costs a product with the vocabulary.
    head: [vocabulary, width], the weight of the output layer; bias: [vocabulary].
    targets: [tokens], ids. temperature: the sampler's, above 0. soft_cap: c of a model that ends in c * tanh(logits / c).
    chunk_tokens: rows whose logits stand in memory at once, forward and backward: about
    `3 * 4 * chunk_tokens * vocabulary` bytes, 1.5 GiB with 1024 rows and 128k tokens. It changes no result.

    The softmax is taken in float32, or float64 for float64 input, whatever the dtype of `hidden`. The entropy carries
    no gradient: it is a metric. The logits of each chunk are computed again in the backward pass.
    Raises ValueError for a temperature or chunk that is not positive, or where `hidden` and `targets` differ in length.
    """
    _check(hidden, targets, temperature, chunk_tokens)
    scores = [
        _chunk(rows, head, ids, bias, temperature, soft_cap)
        if not torch.is_grad_enabled()
        else checkpoint(
            _chunk, rows, head, ids, bias, temperature, soft_cap, use_reentrant=False, preserve_rng_state=False
        )
        for rows, ids in zip(hidden.split(chunk_tokens), targets.split(chunk_tokens), strict=True)
    ]
    logprobs, entropies = zip(*scores, strict=True)
    return torch.cat(logprobs), torch.cat(entropies)


def _chunk(
    hidden: Tensor, head: Tensor, targets: Tensor, bias: Tensor | None, temperature: float, soft_cap: float | None
) -> tuple[Tensor, Tensor]:
    logits = torch.nn.functional.linear(hidden, head, bias)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if soft_cap is not None:
        logits = soft_cap * (logits / soft_cap).tanh()
    logprobs = (logits / temperature).log_softmax(-1)
    chosen = logprobs.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    with torch.no_grad():
        entropy = -(logprobs.exp() * logprobs).sum(-1)
    return chosen, entropy
