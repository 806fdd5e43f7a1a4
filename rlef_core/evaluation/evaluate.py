"""Measure the current policy on fresh tasks: as it is trained, with other feedback, or with independent first answers."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve

from rlef_core.evaluation.solve_rate import single_turn_rates, solve_rates
from rlef_core.records import Task
from rlef_core.rollout.collections import Collection, Scorer, play_collection
from rlef_core.rollout.episode import Player

Result: TypeAlias = Mapping[str, Any]
"""An evaluation's entry in summary.json."""
Evaluation: TypeAlias = Callable[[Player, Sequence[Task], str], Coroutine[Any, Any, tuple[Result, Collection]]]


async def evaluate(player: Player, tasks: Sequence[Task], name: str) -> tuple[Result, Collection]:
    """Play every task once; the result's entry for summary.json, and the episodes. Raises TooManyFaults."""
    player.tally.begin(name, len(tasks))
    collection = await play_collection(player, Scorer(()), name, 0, tasks)
    return solve_rates(collection.episodes, player.settings.turn_limit), collection


async def evaluate_single_turn(player: Player, tasks: Sequence[Task], name: str) -> tuple[Result, Collection]:
    """Give each task as many independent first answers as an episode has turns; one is submitted, chosen by the public cases."""
    answers = player.settings.turn_limit
    single = evolve(player, settings=evolve(player.settings, turn_limit=1))
    player.tally.begin(name, len(tasks) * answers)
    collection = await play_collection(single, Scorer(()), name, 0, tasks, repeats=answers)
    return single_turn_rates(collection.episodes, answers), collection
