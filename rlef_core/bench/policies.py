"""The bench of policies: how many tokens each samples in a second, turn by turn, on the same conversations."""

from collections.abc import Callable, Sequence
from functools import partial

from attrs import frozen

from rlef_core.bench.conversations import Work, converse, openings
from rlef_core.bench.environment import environment
from rlef_core.bench.pairs import Paired, in_pairs
from rlef_core.bench.participants import Participant, Setup, asked
from rlef_core.metrics import Meter
from rlef_core.records import Sampling
from rlef_core.spec import Builder, derive_seed
from rlef_core.training.parts import task_stream


@frozen
class Effort:
    """How much is asked for: `conversations` at once, each of `turns` answers of exactly `tokens` tokens; all of it `pairs` times."""

    conversations: int = 64
    tokens: int = 96
    turns: int = 3
    pairs: int = 10


async def measure_policies(setup: Setup, chosen: Sequence[Participant], effort: Effort, say: Callable[[str], None]) -> Paired:
    """Build every participant once, let each warm up, then measure in turn, `effort.pairs` times. `say` is told how far it is.

    Raises ComponentError when one cannot be built or fails, NoUsableTask for tasks that cannot be played.
    """
    machine = environment()
    series, once = await in_pairs(chosen, partial(converse, _work(setup, effort)), effort.pairs, say)
    return Paired(machine, asked(setup.plan, chosen, effort), series, once)


def _work(setup: Setup, effort: Effort) -> Work:
    plan = setup.plan
    builder = Builder(plan, setup.registry, setup.directory, Meter(setup.registry.metrics))
    name, entry = next(iter(plan.tasks.items()))
    tasks = task_stream(plan, name, builder.build(entry.ref)).draw(effort.conversations)
    usual = plan.rollout.sampling
    sampling = Sampling(usual.temperature, usual.top_p, effort.tokens, ignore_end=True)
    return Work(openings(plan, builder.build(plan.feedback), tasks), effort.turns, sampling, partial(derive_seed, plan.run.seed))
