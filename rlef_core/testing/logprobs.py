"""Ask the trainer what log-probs published weights give: the one probe that the suites for policies and optimizers share."""

import math
from collections.abc import Callable, Sequence

from rlef_core import Action, Weights

LogProbs = Callable[[Weights, Sequence[int], Sequence[int], float], Sequence[float]]
"""`logprobs(weights, prompt_ids, ids, temperature)`: one natural log-prob for each of `ids`, sampled after `prompt_ids`, under a
publication's weights, as the trainer computes it: in one forward pass, without caches."""


def segments(action: Action) -> list[tuple[int, int, int]]:
    """An action's version spans as (start, stop, version); empty where it has lost them."""
    starts = [span.start for span in action.spans]
    return [(span.start, stop, span.version) for span, stop in zip(action.spans, [*starts, len(action.ids)][1:], strict=False)]


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """The greatest distance between two rows of log-probs, in nats; infinite where one is no number or their lengths differ."""
    gaps = [abs(a - b) for a, b in zip(first, second, strict=False)]
    return max(gaps, default=0.0) if len(first) == len(second) and all(map(math.isfinite, gaps)) else math.inf
