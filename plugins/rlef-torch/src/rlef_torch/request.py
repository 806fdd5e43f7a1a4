"""One request for an answer: what was asked, and what has been sampled so far."""

from collections.abc import Callable

import numpy as np
from attrs import Factory, define

from rlef_core import Finish, Sampling


@define(eq=False)
class Request:
    """An answer in the making. `conversation` owns the KV cache; `prompt` are all ids before the answer; `limit` bounds the answer's ids.

    `full` says that the limit is the context's and not the caller's. `random` decides what is drawn. `settle` takes the request when it is
    done, or the fault that ended it; it is called on the engine's thread. `aborted` may be set by any thread; `finish` is None until the
    answer ended.
    """

    conversation: object
    prompt: list[int]
    sampling: Sampling
    ends: frozenset[int]
    limit: int
    full: bool
    random: np.random.Generator = Factory(np.random.default_rng)
    settle: Callable[["Request", Exception | None], None] = lambda request, fault: None
    aborted: bool = False
    ids: list[int] = Factory(list)
    logprobs: list[float] = Factory(list)
    finish: Finish | None = None
    version: int = 0
    reused: int = 0
    started: tuple[int, int, float] = (0, 0, 0.0)
    figures: dict[str, float] = Factory(dict)

    def take(self, id: int, logprob: float) -> None:
        """Append a sampled id; sets `finish` where it ends the answer."""
        self.ids.append(id)
        self.logprobs.append(logprob)
        if id in self.ends and not self.sampling.ignore_end:
            self.finish = Finish.STOP
        elif len(self.ids) >= self.limit:
            self.finish = Finish.CONTEXT if self.full else Finish.LENGTH
