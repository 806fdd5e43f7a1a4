"""Print the table of a run's results."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def print_summary(summary: Mapping[str, Any]) -> None:
    """One row an evaluation: solve rate, its 95 % interval, the rate by turn, episodes; then the known bounds."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    rows = {name: entry for name, entry in summary.items() if isinstance(entry, Mapping)}
    if rows:
        console.print(_table(rows))
    for name, value in summary.items():
        if not isinstance(value, Mapping):
            console.print(f"{name.replace('_', ' ')}: {value:.3f}")


def _table(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("evaluation", "solve rate", "95 % interval", "by turn", "episodes")
    for name, entry in rows.items():
        low, high = entry["interval"]
        by_turn = "  ".join(f"{rate:.3f}" for rate in entry["solve_rate_by_turn"])
        table.add_row(name, f"{entry['solve_rate']:.3f}", f"{low:.3f} to {high:.3f}", by_turn, str(entry["episodes"]))
    return table
