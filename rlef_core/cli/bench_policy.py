"""`rlef-core bench policy`: how many tokens a policy samples in a second, turn by turn, beside others."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from rlef_core.bench.participants import Setup, participants
from rlef_core.bench.policies import Effort, measure_policies
from rlef_core.cli.bench_options import against_option, pairs_option, say, spec_argument, workplace
from rlef_core.cli.bench_tables import tell_pairs
from rlef_core.cli.options import json_option, no_plugin_option, set_option
from rlef_core.spec import open_plan


@click.command("policy")
@spec_argument
@against_option
@click.option("--conversations", type=click.IntRange(1), default=64, show_default=True, help="Conversations held at once.")
@click.option("--tokens", type=click.IntRange(1), default=96, show_default=True, help="Tokens of every answer, ends of turns or not.")
@click.option("--turns", type=click.IntRange(1), default=3, show_default=True, help="Answers of a conversation.")
@pairs_option
@set_option
@no_plugin_option
@json_option
def command(
    spec: Path,
    against: Sequence[str],
    conversations: int,
    tokens: int,
    turns: int,
    pairs: int,
    overrides: Sequence[str],
    no_plugin: Sequence[str],
    as_json: bool,
) -> None:
    """Measure the policy of SPEC beside the baselines, each in turn.

    All are built on the same model, devices and threads. A conversation opens with a task of SPEC; between two turns all are
    told the same. A figure is the median of the pairs, with the least and the most; a ratio is taken pair by pair. Exit code
    0 whatever the figures; `--json` prints all of them.
    """
    plan, registry = open_plan(spec, overrides, block=no_plugin, roles={"taskset", "feedback", "policy"})
    with workplace() as folder:
        setup = Setup(registry, plan, folder)
        chosen, left_out = participants(setup, "policy", plan.policy.use, against, plan.policy.config)
        for line in left_out:
            say(f"note: {line}")
        paired = asyncio.run(measure_policies(setup, chosen, Effort(conversations, tokens, turns, pairs), say))
    at_work = f"{conversations} conversations of {turns} turns at once, {tokens} tokens an answer,"
    tell_pairs(paired, registry.goals("policy", plan.policy.use), at_work, as_json=as_json)
