"""Turn a collection into the core's metrics."""

from collections import Counter

from rlef_core.records import Episode, Finish
from rlef_core.roles import MetricSink
from rlef_core.rollout.collections import Collection


def measure(collection: Collection, seconds: float, programs: int, metrics: MetricSink) -> None:
    """Add the collection's figures (names `rollout/...`) to `metrics`; `seconds` is its wall time."""
    metrics.add("rollout/faults", len(collection.faulted))
    metrics.add("rollout/episodes", len(collection.episodes))
    metrics.add("rollout/programs", programs)
    metrics.add("rollout/seconds", seconds)
    metrics.add("rollout/programs_per_second", programs / seconds)
    tokens = sum(len(turn.action.ids) for episode in collection.episodes for turn in episode.turns)
    metrics.add("rollout/tokens", tokens)
    metrics.add("rollout/tokens_per_second", tokens / seconds)
    for episode, rewards in zip(collection.episodes, collection.rewards, strict=True):
        metrics.add("rollout/reward", sum(rewards))
        _measure_episode(episode, metrics)


def measure_staleness(collection: Collection, version: int, metrics: MetricSink) -> None:
    """Add how many publications older than `version`, by whose weights it is learnt from, the tokens of a collection are."""
    counts: Counter[int] = Counter()
    for turn in (turn for episode in collection.episodes for turn in episode.turns):
        starts = [*(span.start for span in turn.action.spans), len(turn.action.ids)]
        for span, stop in zip(turn.action.spans, starts[1:], strict=True):
            counts[version - span.version] += stop - span.start
    total = sum(staleness * tokens for staleness, tokens in counts.items())
    metrics.add("rollout/staleness", total / max(counts.total(), 1))
    metrics.add("rollout/staleness_max", max(counts, default=0))


def _measure_episode(episode: Episode, metrics: MetricSink) -> None:
    metrics.add("rollout/solve_rate", episode.solved)
    metrics.add("rollout/public_rate", episode.public_passed)
    metrics.add("rollout/turns", len(episode.turns))
    for turn in episode.turns:
        metrics.add("rollout/no_program_rate", turn.program is None)
        metrics.add("rollout/response_tokens", len(turn.action.ids))
        metrics.add("rollout/cut_rate", turn.action.finish is not Finish.STOP)
