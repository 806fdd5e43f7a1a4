"""`rlef-core bench`: what a component does in a second, what it costs, and how it compares with others."""

import click

from rlef_core.cli import bench_executor, bench_loop, bench_optimizer, bench_policy, bench_weights


@click.group()
def command() -> None:
    """Measure components side by side."""


command.add_command(bench_executor.command)
command.add_command(bench_policy.command)
command.add_command(bench_optimizer.command)
command.add_command(bench_weights.command)
command.add_command(bench_loop.command)
