"""`rlef-core episodes`: list and show what a run played."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from rlef_core.cli.columns import aligned
from rlef_core.cli.options import json_option
from rlef_core.errors import UsageError
from rlef_core.records import Episode, Execution, Turn
from rlef_core.training.journal import read_scored_episodes


@click.group()
def command() -> None:
    """List and show the episodes of a run."""


directory_argument = click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
purpose_option = click.option("--purpose", default="train", show_default=True, help="train, or an evaluation's name.")


@command.command("list")
@directory_argument
@purpose_option
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Show only the newest ones.")
@json_option
def list_episodes(directory: Path, purpose: str, limit: int, as_json: bool) -> None:
    """List the newest episodes of the run in DIRECTORY: id, solved or not, reward, and each turn's verdict on the public cases."""
    found = list(_episodes(directory, purpose, limit))
    if not found:
        raise UsageError(f"no episodes of purpose {purpose!r} in {str(directory)!r}: none has ended yet")
    if as_json:
        for episode, rewards in found:
            click.echo(json.dumps({"id": str(episode.id), "solved": episode.solved, "rewards": rewards, "public": _by_turn(episode)}))
        return
    rows = [("episode", "outcome", "reward", "verdicts by turn")]
    for episode, rewards in found:
        outcome = "solved" if episode.solved else "failed"
        rows.append((str(episode.id), outcome, f"{sum(rewards):+.2f}", f"public: {', '.join(_by_turn(episode))}"))
    click.echo("\n".join(aligned(rows)))


@command.command("show")
@directory_argument
@click.argument("id")
def show_episode(directory: Path, id: str) -> None:
    """Show the episode ID of the run in DIRECTORY: every message, answer, verdict and reward."""
    purpose = id.split("/", 1)[0]
    found = next((pair for pair in _episodes(directory, purpose, None) if str(pair[0].id) == id), None)
    if found is None:
        raise UsageError(f"no episode {id!r} in {str(directory)!r}, expected an id as `episodes list` shows it")
    click.echo("\n".join(_page(*found)))


def _episodes(directory: Path, purpose: str, limit: int | None) -> Iterator[tuple[Episode, tuple[float, ...]]]:
    try:
        yield from read_scored_episodes(directory, purpose=purpose, newest=limit)
    except FileNotFoundError as error:
        there = sorted(path.stem for path in directory.glob("episodes/*.jsonl"))
        if not there:
            raise UsageError(f"no episodes in {str(directory)!r}: it is no run's directory, or none has ended yet") from error
        purposes = ", ".join(map(repr, there))
        raise UsageError(f"no episodes of purpose {purpose!r} in {str(directory)!r}, expected one of {purposes}") from error


def _page(episode: Episode, rewards: tuple[float, ...]) -> Iterator[str]:
    for number, (turn, reward) in enumerate(zip(episode.turns, rewards or (0.0,) * len(episode.turns), strict=True), 1):
        for message in turn.observation:
            yield f"--- {message.role}\n{message.content}"
        yield f"--- answer {number} ({turn.action.finish.value}, {len(turn.action.ids)} tokens)\n{turn.action.text}"
        yield f"--- public cases: {_verdicts(turn)}; reward {reward:+.2f}"
    private = "not run" if episode.private is None else _outcomes(episode.private)
    yield f"--- private cases: {private}; {'solved' if episode.solved else 'failed'} ({episode.stop.value})"


def _by_turn(episode: Episode) -> list[str]:
    return [_verdict(turn.execution) for turn in episode.turns]


def _verdicts(turn: Turn) -> str:
    return "no program" if turn.execution is None else _outcomes(turn.execution)


def _outcomes(execution: Execution) -> str:
    return ", ".join(judgement.verdict.value for judgement in execution.judgements) or "none"


def _verdict(execution: Execution | None) -> str:
    if execution is None:
        return "no_program"
    return execution.verdict.value if execution.judgements else "unjudged"
