"""Find the options of a spec that would have no effect, or that contradict one another: none is silent."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rlef_core.spec.blocks import SamplingBlock
from rlef_core.spec.misfits import Misfit
from rlef_core.spec.tree import Keys, Spec

_LENGTHS: tuple[Keys, ...] = (
    ("rollout", "sampling", "max_tokens"),
    ("evaluation", "sampling", "max_tokens"),
    ("rollout", "problem_tokens"),
)


def without_effect(spec: Spec, parts: Mapping[str, Any], roles: Collection[str]) -> list[Misfit]:
    """A misfit for each such option. `parts` are the blocks that could be read."""
    return [
        *_evaluation(parts, roles),
        *_resources(spec, parts),
        *_lengths(spec, parts),
        *_sampling(parts),
        *_turns(parts),
        *_recorded(parts, roles),
        *_overlap(parts),
        *_multiples(spec, parts),
    ]


def odd_choices(parts: Mapping[str, Any]) -> Iterator[str]:
    """Notes on options that work as written but may surprise."""
    training, evaluation = parts.get("training"), parts.get("evaluation")
    if training and evaluation and evaluation.every and evaluation.every >= training.updates:
        yield f"evaluation.every {evaluation.every} is not below training.updates {training.updates}: measured only before and after"
    rollout, devices = parts.get("rollout"), parts.get("devices")
    if rollout and rollout.deterministic and devices and (devices.policy or devices.optimizer):
        yield "rollout.deterministic: the same bits are promised on a CPU, not on the accelerators that 'devices' gives"
    if rollout and rollout.recorded and not evaluation:
        yield "nothing is played without an 'evaluation' block: 'executor', 'feedback' and all of 'rollout' but 'recorded' have no effect"
    for item in parts.get("rewards", ()):
        if item.weight == 0:
            yield f"reward {item.ref.use!r} has weight 0 and counts for nothing"


def _evaluation(parts: Mapping[str, Any], roles: Collection[str]) -> Iterator[Misfit]:
    tasks, evaluation = parts.get("tasks"), parts.get("evaluation")
    if evaluation and tasks and tasks.evaluation is None:
        yield Misfit("has no effect without an entry 'evaluation' in 'tasks'", ("evaluation",), on_key=True)
    if tasks and tasks.evaluation and evaluation is None and "policy" in roles:
        yield Misfit("has no effect without an 'evaluation' block", ("tasks", "evaluation"), on_key=True)


def _resources(spec: Spec, parts: Mapping[str, Any]) -> Iterator[Misfit]:
    for block in ("devices", "threads"):
        for role in ("policy", "optimizer"):
            if getattr(parts.get(block), role, None) and spec.data.get(role) is None:
                yield Misfit(f"has no effect: the spec has no {role!r} block", (block, role), on_key=True)


def _lengths(spec: Spec, parts: Mapping[str, Any]) -> Iterator[Misfit]:
    model = parts.get("model")
    for way in _LENGTHS:
        tokens = _value(parts, way)
        if model and tokens and spec.given(*way) and tokens > model.max_length:
            yield Misfit(f"{tokens} tokens can never be reached, expected at most model.max_length {model.max_length}", way)


def _sampling(parts: Mapping[str, Any]) -> Iterator[Misfit]:
    for block in ("rollout", "evaluation"):
        sampling: SamplingBlock | None = getattr(parts.get(block), "sampling", None)
        if sampling and sampling.temperature == 0 and sampling.top_p < 1:
            yield Misfit("has no effect at temperature 0, which is greedy", (block, "sampling", "top_p"), on_key=True)


def _turns(parts: Mapping[str, Any]) -> Iterator[Misfit]:
    rollout, evaluation = parts.get("rollout"), parts.get("evaluation")
    if not (rollout and evaluation):
        return
    limit = "evaluation.turn_limit" if evaluation.turn_limit else "rollout.turn_limit"
    if (evaluation.turn_limit or rollout.turn_limit) == 1:
        if evaluation.single_turn:
            yield Misfit(f"has no effect: with {limit} 1 every episode has one turn", ("evaluation", "single_turn"), on_key=True)
        if evaluation.feedback:
            yield Misfit(f"has no effect: with {limit} 1 no feedback is ever given", ("evaluation", "feedback"), on_key=True)


def _recorded(parts: Mapping[str, Any], roles: Collection[str]) -> Iterator[Misfit]:
    rollout, tasks, run = parts.get("rollout"), parts.get("tasks"), parts.get("run")
    if rollout is None or rollout.recorded is None:
        return
    why = "has no effect: with rollout.recorded no new episodes are played to learn from"
    if tasks and tasks.train and "optimizer" in roles:
        yield Misfit(why, ("tasks", "train"), on_key=True)
    if rollout.episodes_per_task != 1:
        yield Misfit(why, ("rollout", "episodes_per_task"), on_key=True)
    if run and run.directory.resolve() == rollout.recorded.resolve():
        yield Misfit("is this run's own directory, expected that of another run", ("rollout", "recorded"))


def _overlap(parts: Mapping[str, Any]) -> Iterator[Misfit]:
    training, rollout = parts.get("training"), parts.get("rollout")
    if not (training and rollout and training.max_staleness):
        return
    at: Keys = ("training", "max_staleness")
    if rollout.deterministic:
        found = f"is {training.max_staleness}, but with rollout.deterministic episodes wait for the newest weights"
        yield Misfit(f"{found}, expected 0, or no rollout.deterministic", at)
    if rollout.recorded is not None:
        yield Misfit("has no effect: with rollout.recorded no episodes are played to learn from", at, on_key=True)


def _multiples(spec: Spec, parts: Mapping[str, Any]) -> Iterator[Misfit]:
    training, rollout = parts.get("training"), parts.get("rollout")
    if training is None:
        return
    whole: Keys = ("training", "episodes_per_collection")
    divisors: dict[Keys, int] = {("training", "sequences_per_update"): training.sequences_per_update}
    if rollout:
        divisors["rollout", "episodes_per_task"] = rollout.episodes_per_task
    for way, divisor in divisors.items():
        if training.episodes_per_collection % divisor:
            at = whole if spec.given(*whole) or not spec.given(*way) else way
            found = f"training.episodes_per_collection is {training.episodes_per_collection}"
            yield Misfit(f"{found}, expected a multiple of {'.'.join(map(str, way))} {divisor}", at)


def _value(parts: Mapping[str, Any], way: Keys) -> Any:
    value = parts.get(str(way[0]))
    for key in way[1:]:
        value = getattr(value, str(key), None)
    return value
