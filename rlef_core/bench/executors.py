"""The bench of executors: one run in which each takes its turn, again and again, on the same work."""

import os
from collections.abc import Callable, Mapping, Sequence

from rlef_core.bench.environment import environment
from rlef_core.bench.load import spinning
from rlef_core.bench.measure import Question, during, opened, question, times, workers_of
from rlef_core.bench.participants import Participant
from rlef_core.bench.reference import floor, reference
from rlef_core.bench.report import Effort, Measured, Report
from rlef_core.bench.workloads import BURN, workloads
from rlef_core.records import Language, Limits

NEED_CPU_SECONDS = 0.1
LIMIT_CPU_SECONDS = 0.15
WARM_UP = 2


async def measure_executors(participants: Sequence[Participant], language: Language, effort: Effort, say: Callable[[str], None]) -> Report:
    """Measure each participant in turn, `effort.repeats` times, then each under each load. `say` is told how far it is.

    Raises ComponentError when one cannot be built or fails otherwise than by ExecutorFault, which is counted.
    """
    found, machine = floor(), environment()
    works = workloads()
    references = {work.name: reference(work) for work in works}
    questions = {work.name: question(language, work.source, work.inputs, references[work.name].outputs) for work in works}
    measured = {participant.name: Measured() for participant in participants}
    for repeat in range(effort.repeats):
        for participant in participants:
            say(f"repeat {repeat + 1} of {effort.repeats}: {participant.name}")
            await _repeat(participant, language, questions, effort.seconds, measured[participant.name])
    for load in effort.loads:
        for participant in participants:
            say(f"{load} competing processes a core: {participant.name}")
            await _loaded(participant, language, load, effort.programs_per_load, measured[participant.name])
    return Report(machine, workers_of(participants[0]), effort, found, references, measured)


async def _repeat(
    participant: Participant, language: Language, questions: Mapping[str, Question], seconds: float, measured: Measured
) -> None:
    async with opened(participant, _first(language)) as (executor, startup):
        measured.startup_seconds.append(startup)
        for name, each in questions.items():
            await times(WARM_UP * workers_of(participant), participant, executor, each)
            measured.windows.setdefault(name, []).append(await during(seconds, participant, executor, each))


async def _loaded(participant: Participant, language: Language, load: int, programs: int, measured: Measured) -> None:
    """Right programs whose need is near their limit, while others want the cores too: not one may be refused."""
    limits = Limits(cpu_seconds=LIMIT_CPU_SECONDS)
    burning = question(language, BURN.format(seconds=NEED_CPU_SECONDS), (b"",), (b"done\n",), limits)
    async with opened(participant, _first(language)) as (executor, _):
        with spinning(load * len(os.sched_getaffinity(0))):
            measured.loaded[load] = await times(programs, participant, executor, burning)


def _first(language: Language) -> Question:
    return question(language, "pass", (b"",), (b"",))
