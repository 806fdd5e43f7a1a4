"""Compute what a policy can verify its loaded weights by: the trainer's log-probs of a short fixed sequence."""

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from rlef_core import Probe
from rlef_torch.actor import LogProbs
from rlef_torch.batch import Batch

_LENGTH = 64


def probe_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, *, longest: int, seed: int) -> Tensor:
    """Return [tokens]: ids of plain text drawn by `seed`, at most 64, and one fewer than a conversation may have (`longest`)."""
    vocabulary = min(len(tokenizer), model.config.get_text_config().vocab_size)
    # engines may give control tokens, such as those of images, a meaning of their own
    plain = torch.tensor(sorted(set(range(vocabulary)) - set(tokenizer.added_tokens_decoder)))
    generator = torch.Generator().manual_seed(seed)
    return plain[torch.randint(len(plain), (min(_LENGTH, longest - 1),), generator=generator)]


@torch.no_grad()
def probe(forward: LogProbs, ids: Tensor, device: torch.device) -> Probe:
    """Return the log-probs that a forward pass on `device` gives to ids, [tokens], after the first."""
    here = ids.to(device)
    predicting = torch.arange(len(here) - 1, device=here.device)
    logprobs, _ = forward(Batch(here.unsqueeze(0), predicting, here[1:], valued=predicting[:0]), 1.0)
    return Probe(tuple(ids.tolist()), tuple(logprobs.tolist()))
