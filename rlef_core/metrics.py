"""The table of metrics: every figure that a run writes, with its unit and what it means."""

from collections.abc import Iterable

from attrs import frozen


@frozen
class Metric:
    """A figure's name (`role/name`), unit (empty for a plain number) and meaning. `total` metrics are summed over a
    collection, others averaged."""

    name: str
    unit: str
    summary: str
    total: bool = False


CORE_METRICS: tuple[Metric, ...] = (
    Metric("rollout/episodes", "episodes", "episodes that ended without a fault", total=True),
    Metric("rollout/faults", "episodes", "episodes ended by a fault; masked from the batch", total=True),
    Metric("rollout/solve_rate", "", "share of episodes whose last program passed all public and private cases"),
    Metric("rollout/public_rate", "", "share of episodes whose last program passed all public cases"),
    Metric("rollout/no_program_rate", "", "share of turns whose answer held no program"),
    Metric("rollout/turns", "turns", "mean turns of an episode"),
    Metric("rollout/reward", "", "mean sum of an episode's rewards, without any KL term"),
    Metric("rollout/response_tokens", "tokens", "mean sampled tokens of a turn"),
    Metric("rollout/cut_rate", "", "share of turns cut by length or by a full context"),
    Metric("rollout/tokens", "tokens", "tokens sampled", total=True),
    Metric("rollout/programs", "programs", "programs judged", total=True),
    Metric("rollout/staleness", "versions", "mean age of a sampled token when it is learnt from; 0 with training.max_staleness 0"),
    Metric("rollout/staleness_max", "versions", "greatest such age; at most training.max_staleness"),
    Metric("rollout/seconds", "s", "wall time from the start of the collection's first episode to the end of its last", total=True),
    Metric("rollout/tokens_per_second", "tokens/s", "sampled tokens over the collection's wall time"),
    Metric("rollout/programs_per_second", "programs/s", "programs judged over the collection's wall time"),
    Metric("executor/cache_hit_rate", "", "share of case runs answered by the execution cache"),
    Metric("executor/retries", "runs", "runs repeated after a fault of the sandbox", total=True),
    Metric("tasks/rejected", "tasks", "rows drawn that were no usable task", total=True),
    Metric("loop/seconds", "s", "wall time of a round: the wait for its collection, its updates, publication and record", total=True),
    Metric("loop/idle_share", "", "share of a round's wall time, publication included, in which nothing decoded, ran a program or learnt"),
    Metric("loop/suspend_seconds", "s", "wall time of suspending and resuming policy and optimizer that take turns", total=True),
    Metric("loop/lag_seconds", "s", "longest time that the event loop was blocked"),
    Metric("optimizer/seconds", "s", "wall time of a collection's updates", total=True),
    Metric("optimizer/publish_seconds", "s", "wall time of publishing and loading the weights", total=True),
)
"""The core's own metrics; a component adds its own with `component(metrics=...)`."""


class Meter:
    """A MetricSink: sums or averages what is added under known names until it is drained."""

    def __init__(self, metrics: Iterable[Metric] = CORE_METRICS) -> None:
        self._known = {metric.name: metric for metric in metrics}
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, value: float) -> None:
        """Add one figure. Raises ValueError for a name that is not in the table."""
        if name not in self._known:
            raise ValueError(f"unknown metric {name!r}, expected one of the core's or one declared by component(metrics=...)")
        self._sums[name] = self._sums.get(name, 0.0) + value
        self._counts[name] = self._counts.get(name, 0) + 1

    def drain(self) -> dict[str, float]:
        """All figures since the last call, by name in order: totals summed, others averaged."""
        figures = {name: total if self._known[name].total else total / self._counts[name] for name, total in sorted(self._sums.items())}
        self._sums.clear()
        self._counts.clear()
        return figures
