"""What executor `nsjail` is measured beside, and what it shall reach in `rlef-core bench executor --use nsjail` on two cores."""

from rlef_core import Benchmark, Component, Context, Executor, Goal, RlefError, component
from rlef_nsjail import binary
from rlef_nsjail.plugin import COMPONENT, NsjailConfig


def build(config: NsjailConfig, context: Context) -> Executor:
    """A jail of the same design for every case. Raises RlefError where there can be none."""
    from rlef_nsjail.per_case import NsjailPerCase  # noqa: PLC0415  # nsjail's configuration, for runs only

    found = binary.binary_of(config.binary)
    if found is None:
        raise RlefError(str(binary.unavailable(config.binary)))
    return NsjailPerCase(config, found)


PER_CASE: Component[Executor] = component(
    name="nsjail-per-case",
    summary="starts a jail for every case, and a Python in it",
    config=NsjailConfig,
    build=build,
    offers=COMPONENT.offers,
    example=NsjailConfig,
)

BENCHMARK = Benchmark(
    "executor",
    baselines=(PER_CASE,),
    goals=(
        Goal("nsjail", "mix/cases_per_second", at_least=4.0, times="subprocess-per-case"),
        Goal("nsjail", "mix/cases_per_second", at_least=6.0, times="nsjail-per-case"),
        Goal("nsjail", "empty/cpu_ms_per_case", at_most=3.0),
        Goal("nsjail", "mix/cpu_ms_above_own", at_most=2.0),
        Goal("nsjail", "false_verdicts", at_most=0.0),
    ),
)
