"""`rlef-core bench optimizer`: how long the updates of a collection take, beside others."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.bench.optimizers import Effort, measure_optimizers
from rlef_core.bench.participants import Setup, participants
from rlef_core.cli.bench_options import against_option, pairs_option, say, spec_argument, workplace
from rlef_core.cli.bench_tables import tell_pairs
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.spec import open_plan


@click.command("optimizer")
@spec_argument
@against_option
@pairs_option
@set_option
@no_plugin_option
@json_option
def command(spec: Path, against: Sequence[str], pairs: int, overrides: Sequence[str], no_plugin: Sequence[str], as_json: bool) -> None:
    """Measure the optimizer of SPEC beside the baselines, each in turn.

    All are built on the same model, devices and threads, and learn from one collection that the policy of SPEC has played. A
    figure is the median of the pairs, with the least and the most; a ratio is taken pair by pair. Exit code 0 whatever the
    figures; `--json` prints all of them.
    """
    plan, registry = open_plan(spec, overrides, block=no_plugin)
    with workplace() as folder:
        setup = Setup(registry, plan, folder)
        chosen, left_out = participants(setup, "optimizer", plan.optimizer.use, against, plan.optimizer.config)
        for line in left_out:
            say(f"note: {line}")
        paired = asyncio.run(measure_optimizers(setup, chosen, Effort(pairs), say))
    at_work = f"{paired.asked['trajectories']} trajectories of {paired.asked['tokens']} tokens in all,"
    tell_pairs(paired, registry.goals("optimizer", plan.optimizer.use), at_work, as_json=as_json)
