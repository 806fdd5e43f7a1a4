"""Notice a run that goes wrong: each guard is a pure function over the metrics of the newest collections."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import isfinite
from statistics import median

from attrs import frozen

from rlef_core.spec.guards import ENOUGH, WATCHED, GuardsBlock

History = Sequence[Mapping[str, float]]
"""The metrics of the newest collections, the newest last; at least one, at most `training.guards.window`."""
Guard = Callable[[History], str | None]
"""What a guard found, or None while all is well."""


def guards_of(block: GuardsBlock) -> dict[str, Guard]:
    """Every guard that is on, by its key in `training.guards`."""
    guards: dict[str, Guard] = {
        "not_finite": not_finite,
        "loss": partial(exploding_loss, bound=block.loss.bound),
        "entropy": partial(collapsed_entropy, bound=block.entropy.bound),
        "response_tokens": partial(exploding_responses, bound=block.response_tokens.bound),
        "kl": partial(far_from_the_initial_policy, bound=block.kl.bound),
        "faults": partial(too_many_faults, bound=block.faults.bound),
    }
    return {name: guard for name, guard in guards.items() if getattr(block, name).action != "off"}


def not_finite(history: History) -> str | None:
    """Any metric of the newest collection that is no finite number."""
    odd = [f"{name} is {value}" for name, value in sorted(history[-1].items()) if not isfinite(value)]
    return f"not finite: {', '.join(odd)}" if odd else None


def exploding_loss(history: History, bound: float) -> str | None:
    """A loss further from zero than `bound` times the median of the window's, or `bound` itself where that median is below 1."""
    for name in sorted(name for name in history[-1] if name.endswith(WATCHED["loss"])):
        newest, before = abs(history[-1][name]), [abs(value) for value in _before(history, name)]
        if len(before) >= ENOUGH and newest > bound * max(median(before), 1.0):
            return f"{name} is {history[-1][name]:.4g}, over {bound:g} times its usual size of {median(before):.4g}"
    return None


def collapsed_entropy(history: History, bound: float) -> str | None:
    """A policy that hardly chooses any more: entropy below `bound` nats."""
    entropy = history[-1].get(WATCHED["entropy"])
    return f"{WATCHED['entropy']} is {entropy:.4g} nats, below {bound:g}" if entropy is not None and entropy < bound else None


def exploding_responses(history: History, bound: float) -> str | None:
    """Answers longer than `bound` times the median of the window's."""
    name = "rollout/response_tokens"
    newest, before = history[-1].get(name), _before(history, name)
    if newest is None or len(before) < ENOUGH or not newest > bound * median(before):
        return None
    return f"{name} is {newest:.4g}, over {bound:g} times its usual {median(before):.4g}"


def far_from_the_initial_policy(history: History, bound: float) -> str | None:
    """A KL to the initial policy above `bound` nats."""
    kl = history[-1].get(WATCHED["kl"])
    return f"{WATCHED['kl']} is {kl:.4g} nats, above {bound:g}" if kl is not None and kl > bound else None


def too_many_faults(history: History, bound: float) -> str | None:
    """More than `bound` of the window's episodes ended by a fault."""
    faults = sum(metrics.get("rollout/faults", 0) for metrics in history)
    episodes = faults + sum(metrics.get("rollout/episodes", 0) for metrics in history)
    if not faults > bound * episodes:
        return None
    return f"{faults:g} of the last {episodes:g} episodes faulted, more than the share {bound:g}"


def _before(history: History, name: str) -> list[float]:
    """The finite values of a metric before the newest collection."""
    return [metrics[name] for metrics in history[:-1] if name in metrics and isfinite(metrics[name])]


@frozen
class Trip:
    """A guard that tripped: its name, what it found, whether the run must stop, and whether it tripped after the collection before too."""

    guard: str
    found: str
    stops: bool
    again: bool


class Lookout:
    """The guards of a run, and the metrics that they look at."""

    def __init__(self, block: GuardsBlock) -> None:
        self._block = block
        self._guards = guards_of(block)
        self._metrics: deque[Mapping[str, float]] = deque(maxlen=block.window + 1)
        self.quiet = True
        """No guard tripped since this was last set."""
        self._anew = False

    def recall(self, metrics: Iterable[Mapping[str, float]]) -> None:
        """Take the metrics of earlier collections, oldest first, in place of those that are known."""
        self._metrics.clear()
        self._metrics.extend(metrics)

    def tell_anew(self) -> None:
        """Take what trips next for new: bounds or actions are others than those by which it tripped before."""
        self._anew = True

    def look(self, metrics: Mapping[str, float]) -> list[Trip]:
        """The guards that trip after a collection with these metrics."""
        self._metrics.append(metrics)
        history, earlier = list(self._metrics)[-self._block.window :], list(self._metrics)[:-1]
        found = {name: finding for name, guard in self._guards.items() if (finding := guard(history)) is not None}
        self.quiet = self.quiet and not found
        again = {name for name in found if earlier and not self._anew and self._guards[name](earlier) is not None}
        self._anew = False
        return [Trip(name, finding, getattr(self._block, name).action == "stop", name in again) for name, finding in found.items()]
