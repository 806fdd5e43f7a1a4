"""The work that policies are measured by: conversations held at once, turn by turn, with answers of an exact length."""

import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

from attrs import evolve, frozen

from rlef_core.bench.participants import Participant
from rlef_core.bench.tree import cpu_seconds
from rlef_core.errors import boundary
from rlef_core.records import Action, EpisodeId, Message, Sampling, Task
from rlef_core.roles import Conversation, FeedbackFormatter, Policy
from rlef_core.rollout.collections import together
from rlef_core.rollout.episode import opening
from rlef_core.spec import Plan

FEEDBACK = """\
Your code failed these public tests:
- input: '3 5'
  expected: '8'
  got: '15'
Give it another try. Answer with the whole program in a code block."""
"""What is said between two turns: of a kind and length with the messages that answer a failed program."""


@frozen
class Work:
    """A conversation for each of `openings`, all at once, each of so many turns; `seed(*path)` seeds an answer."""

    openings: Sequence[tuple[EpisodeId, Sequence[Message]]]
    turns: int
    sampling: Sampling
    seed: Callable[..., int]


def openings(plan: Plan, formatter: FeedbackFormatter, tasks: Sequence[Task]) -> list[tuple[EpisodeId, Sequence[Message]]]:
    """The first messages of a conversation on each task, as an episode of the plan has them."""
    most = plan.rollout.problem_tokens
    return [
        (EpisodeId("bench", 0, task.problem.id, number), opening(formatter, plan.feedback.origin, task.problem, most))
        for number, task in enumerate(tasks)
    ]


async def converse(work: Work, participant: Participant, policy: Policy, pair: int) -> dict[str, float]:
    """Hold all conversations once; the next turn begins when everyone has answered. Figures by name; raises ComponentError."""
    figures: dict[str, float] = {}
    tokens, seconds, short, cpu = 0, 0.0, 0, cpu_seconds()
    with boundary(participant.origin, "act"):
        async with AsyncExitStack() as stack:
            conversations = [await stack.enter_async_context(policy.open(evolve(id, collection=pair))) for id, _ in work.openings]
            for turn in range(work.turns):
                started = time.perf_counter()
                actions = await together(_asked(conversations, work, pair, turn))
                wall = time.perf_counter() - started
                sampled = sum(len(action.ids) for action in actions)
                figures[f"turn{turn + 1}/tokens_per_second"] = sampled / wall
                tokens, seconds = tokens + sampled, seconds + wall
                short += sum(len(action.ids) < work.sampling.max_tokens for action in actions)
    whole = {"tokens_per_second": tokens / seconds, "cpu_seconds_per_1k_tokens": (cpu_seconds() - cpu) * 1e3 / max(tokens, 1)}
    return figures | {f"whole/{name}": value for name, value in whole.items()} | {"whole/short_answers": short}


def _asked(conversations: Sequence[Conversation], work: Work, pair: int, turn: int) -> list[Coroutine[Any, Any, Action]]:
    return [
        conversation.act(
            (Message("user", FEEDBACK),) if turn else first, evolve(work.sampling, seed=work.seed("bench", pair, number, turn))
        )
        for number, (conversation, (_, first)) in enumerate(zip(conversations, work.openings, strict=True))
    ]
