"""Show that log-probs of 16k tokens over a 128k vocabulary, forward and backward, need far less than 8 GB."""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import torch
from record import REPOSITORY, record

from rlef_torch.logprobs import token_logprobs

TOKENS, VOCABULARY, WIDTH = 16_384, 131_072, 256
CHUNK = 1024
"""The default of optimizer.logprob_chunk_tokens."""
SHARE = 8
"""What is not in chunks is measured with this fraction of the tokens, since all of them would not fit."""
BOUND_BYTES = 4_000_000_000
SEED = 0


def main() -> int:
    """Measure, record, and return 0 if the bound holds."""
    chunked = child(TOKENS, CHUNK)
    part, part_chunked = child(TOKENS // SHARE, TOKENS // SHARE), child(TOKENS // SHARE, CHUNK)
    numbers = {
        "tokens": TOKENS,
        "vocabulary": VOCABULARY,
        "hidden width": WIDTH,
        "chunk tokens": CHUNK,
        "bound bytes": BOUND_BYTES,
        "in chunks": chunked,
        "one copy of all logits in float32, bytes, computed": TOKENS * VOCABULARY * 4,
        f"tokens of the next two, 1/{SHARE}": TOKENS // SHARE,
        "at once": part,
        "in chunks, as many tokens": part_chunked,
        "at once, all tokens, bytes, extrapolated": (part["peak bytes"] - part["bytes before"]) * SHARE,
    }
    holds = chunked["peak bytes"] < BOUND_BYTES
    path = record("logprob-memory", holds=holds, seeds=[SEED], numbers=numbers)
    print(f"{'holds' if holds else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return 0 if holds else 1


def child(tokens: int, chunk: int) -> Mapping[str, Any]:
    """What a process of its own says that it needed."""
    words = [sys.executable, __file__, str(tokens), str(chunk)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found: Mapping[str, Any] = json.loads(said)
    return found


def measure(tokens: int, chunk: int) -> Mapping[str, Any]:
    """Peak resident bytes of this process before and after a forward and a backward pass, and whether the gradients are finite."""
    generator = torch.Generator().manual_seed(SEED)
    hidden = torch.randn(tokens, WIDTH, generator=generator).requires_grad_()
    head = (torch.randn(VOCABULARY, WIDTH, generator=generator) / WIDTH**0.5).requires_grad_()
    targets = torch.randint(VOCABULARY, (tokens,), generator=generator)
    before = peak()
    logprobs, _ = token_logprobs(hidden, head, targets, entropy=True, chunk_tokens=chunk)
    torch.autograd.backward(-logprobs.mean())
    assert hidden.grad is not None
    assert head.grad is not None
    finite = bool(hidden.grad.isfinite().all() and head.grad.isfinite().all())
    return {"peak bytes": peak(), "bytes before": before, "gradients are finite": finite}


def peak() -> int:
    """The most bytes that this process has held in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(*map(int, sys.argv[1:]))))
    else:
        sys.exit(main())
