"""Taskset `tiny-programs`: short Python programs whose rule only the feedback tells, to learn from within minutes."""

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import frozen

from rlef_core import Context, Limits, Problem, Rejected, StdioCase, Task, Taskset, UsageError, component
from rlef_core.builtin.tiny_programs.frames import Frame, frames, number_of
from rlef_core.builtin.tiny_programs.rules import Rule, Value

SPLITS = ("base", "train", "evaluation")
_SHARES = ("base",) * 4 + ("train",) * 3 + ("evaluation",) * 3
_LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0)


@frozen
class TinyProgramsConfig:
    """Config of taskset `tiny-programs`: nothing to set."""


class TinyPrograms:
    """Tasks are all pairs of a statement and a rule it leaves open; splits share no statement. `base` is for the dialogues of a base model.

    The tasks of one statement differ in the outputs expected alone. A task's first wrong program passes its public cases.
    """

    def __init__(self) -> None:
        self._ids: dict[str, list[str]] = {split: [] for split in SPLITS}
        self._parts: dict[str, tuple[Frame, Rule]] = {}
        for frame in frames():
            for rule in frame.family.rules:
                id = f"{frame.key}-{rule.name}"
                self._parts[id] = (frame, rule)
                self._ids[split_of(frame.statement)].append(id)

    def ids(self, split: str) -> Sequence[str]:
        if split not in self._ids:
            raise UsageError(f"tiny-programs has no split {split!r}, expected one of {', '.join(map(repr, SPLITS))}")
        return self._ids[split]

    def task(self, id: str) -> Task | Rejected:
        if id not in self._parts:
            return Rejected(id, "tiny-programs has no such task")
        return make_task(id, *self._parts[id])

    def bounds(self, split: str, turn_limit: int) -> Mapping[str, float]:
        """`blind_ceiling`: the solve rate of the best player that never looks at feedback and has `turn_limit` tries.

        It knows how often each rule is meant and tries the programs that solve most tasks of the statement; the episode
        ends at the right one.
        """
        solved = sum(count for outputs in self._outputs(split).values() for _, count in outputs.most_common(turn_limit))
        return {"blind_ceiling": solved / len(self.ids(split))}

    def _outputs(self, split: str) -> Mapping[str, Counter[tuple[str, ...]]]:
        # By statement, how many of its tasks want the same outputs: one program solves exactly those.
        wanted: dict[str, Counter[tuple[str, ...]]] = {}
        for id in self.ids(split):
            frame, rule = self._parts[id]
            outputs = tuple(case.output for inputs in (frame.inputs.public, frame.inputs.private) for case in _cases(frame, rule, inputs))
            wanted.setdefault(frame.statement, Counter())[outputs] += 1
        return wanted


def split_of(statement: str) -> str:
    """The split that a statement belongs to, by its hash."""
    return _SHARES[number_of(f"split {statement}") % len(_SHARES)]


def make_task(id: str, frame: Frame, rule: Rule) -> Task:
    """The task of a statement when `rule` is meant; wrong are its buggy variant, then the programs of all other rules."""
    others = [frame.program(other.code) for other in frame.family.rules if other is not rule]
    return Task(
        Problem(id, frame.statement, "python", _cases(frame, rule, frame.inputs.public)),
        private_cases=_cases(frame, rule, frame.inputs.private),
        reference=frame.program(rule.code),
        limits=_LIMITS,
        wrong=(frame.program(rule.buggy), *others),
    )


def _cases(frame: Frame, rule: Rule, inputs: Sequence[Value]) -> tuple[StdioCase, ...]:
    return tuple(StdioCase(frame.reader.write(value) + "\n", frame.output(rule.answer(value))) for value in inputs)


def build(config: TinyProgramsConfig, context: Context) -> Taskset:
    """Build the taskset."""
    return TinyPrograms()


COMPONENT = component(
    name="tiny-programs",
    summary="short programs for stdin and stdout whose hidden rule only the feedback tells; for learning runs of minutes",
    config=TinyProgramsConfig,
    build=build,
    example=TinyProgramsConfig,
)
