"""Compute what a policy can verify its loaded weights by: the trainer's log-probs of a short fixed sequence."""

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from rlef_core import Context, Probe
from rlef_torch.actor import Actor
from rlef_torch.batch import Batch

_LENGTH = 64


def probe_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, context: Context) -> Tensor:
    """Return [tokens]: ids of plain text drawn by the run's seed, at most 64, and one fewer than a conversation may have."""
    assert context.model is not None  # its weights were loaded
    vocabulary = min(len(tokenizer), model.config.get_text_config().vocab_size)
    # engines may give control tokens, such as those of images, a meaning of their own
    plain = torch.tensor(sorted(set(range(vocabulary)) - set(tokenizer.added_tokens_decoder)))
    generator = torch.Generator().manual_seed(context.seed("probe"))
    return plain[torch.randint(len(plain), (min(_LENGTH, context.model.max_length - 1),), generator=generator)]


@torch.no_grad()
def probe(actor: Actor, ids: Tensor) -> Probe:
    """Return the log-probs that the actor gives to ids, [tokens], after the first."""
    here = ids.to(actor.model.device)
    predicting = torch.arange(len(here) - 1, device=here.device)
    logprobs, _ = actor.logprobs(Batch(here.unsqueeze(0), predicting, here[1:], valued=predicting[:0]), temperature=1.0)
    return Probe(tuple(ids.tolist()), tuple(logprobs.tolist()))
