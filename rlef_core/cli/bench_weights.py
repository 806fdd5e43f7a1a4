"""`rlef-core bench weights`: how long new weights take from the optimizer to the policy, and how much they move."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.bench.participants import Setup, rivals
from rlef_core.bench.weights import Effort, measure_weights
from rlef_core.cli.bench_options import pairs_option, say, spec_argument, workplace
from rlef_core.cli.bench_tables import tell_pairs
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.spec import open_plan


@click.command("weights")
@spec_argument
@click.option("--against", multiple=True, metavar="POLICY", help="Measure beside this policy; repeatable.")
@pairs_option
@set_option
@no_plugin_option
@json_option
def command(spec: Path, against: Sequence[str], pairs: int, overrides: Sequence[str], no_plugin: Sequence[str], as_json: bool) -> None:
    """Measure an update of the policy of SPEC: its optimizer publishes, the policy loads.

    POLICY is a name or a block such as `{use: vllm, transfer: file}`, with settings that differ from those of SPEC. No episode
    is played. A figure is the median of the pairs, with the least and the most; a ratio is taken pair by pair. Exit code 0
    whatever the figures; `--json` prints all of them.
    """
    plan, registry = open_plan(spec, overrides, block=no_plugin, roles={"policy", "optimizer"})
    with workplace() as folder:
        setup = Setup(registry, plan, folder)
        chosen = rivals(setup, "policy", plan.policy.use, against, plan.policy.config)
        paired = asyncio.run(measure_weights(setup, chosen, Effort(pairs), say))
    schemes = ", ".join(f"{scheme} for {name}" for name, scheme in paired.asked["schemes"].items())
    tell_pairs(paired, [], f"weights by {schemes},", as_json=as_json)
