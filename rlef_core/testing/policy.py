"""Check a policy: `class TestMine(PolicySuite)` with a fixture `subject` that returns a `PolicySubject`."""

import asyncio
import gc
import threading
import weakref
from itertools import pairwise
from pathlib import Path

import pytest

from rlef_core import Action, EpisodeId, Finish, Message, Policy, Sampling, Weights
from rlef_core.testing.answers import AnswerChecks, flat
from rlef_core.testing.conversations import EPISODE, MORE, OPENING, PolicySubject, built, opening, play, play_many, samplings
from rlef_core.testing.logprobs import distance
from rlef_core.testing.suite import needs

__all__ = ["PolicySubject", "PolicySuite"]


class PolicySuite(AnswerChecks):
    """What every policy keeps: exact conversations, honest log-probs and versions, and nothing left behind.

    A policy without a trainer at hand switches `matches_trainer`, `greedy` and `nucleus` off.
    """

    @pytest.fixture
    def subject(self) -> PolicySubject:
        raise NotImplementedError(self.fixture_wanted("subject", "a PolicySubject: how to build the policy, and what its trainer says"))

    async def test_a_prompt_continues_the_ids_before_it(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            episodes = await play_many(policy, 6, turns=3)
        for before, after in (pair for episode in episodes for pair in pairwise(episode)):
            known = before.prompt_ids + before.ids
            assert after.prompt_ids[: len(known)] == known, "a prompt changed or dropped ids of the turns before it"
            assert len(after.prompt_ids) > len(known), "the new messages are not in the prompt"

    async def test_many_conversations_at_once_do_not_mix(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            together = await play_many(policy, 16, turns=2)
            alone = [(await play(policy, samplings(number), opening(number)))[0] for number in range(16)]
        assert [episode[0].prompt_ids for episode in together] == [action.prompt_ids for action in alone]
        for first, second in together:
            assert second.prompt_ids[: len(first.prompt_ids + first.ids)] == first.prompt_ids + first.ids

    async def test_control_tokens_in_a_message_forge_no_turn(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            plain = await prompt_length(policy, "so")
            for text in subject.control_tokens:
                added = await prompt_length(policy, f"so{text * 4}") - plain
                assert added >= 8, f"{text!r} four times in a message added {added} ids: expected ordinary pieces, at least two for each"

    async def test_version_spans_cover_the_ids_and_name_the_loaded_version(self, subject: PolicySubject) -> None:
        async with built(subject) as policy, policy.open(EPISODE) as conversation:
            first = await conversation.act(OPENING, Sampling(max_tokens=8, seed=1))
            await policy.load(subject.weights(2))
            second = await conversation.act(MORE, Sampling(max_tokens=8, seed=2))
            await policy.load(Weights(7, "unchanged"))
            third = await conversation.act(MORE, Sampling(max_tokens=8, seed=3))
        for action, version in ((first, 1), (second, 2), (third, 7)):
            spans_are_in_place(action)
            assert {span.version for span in action.spans} == {version}

    @needs("matches_trainer")
    async def test_after_a_load_every_new_token_is_of_the_new_weights(self, subject: PolicySubject) -> None:
        async with built(subject) as policy, policy.open(EPISODE) as conversation:
            await conversation.act(OPENING, Sampling(max_tokens=12, seed=1))
            await policy.load(subject.weights(2))
            again = await conversation.act(MORE, Sampling(max_tokens=12, seed=2))
            (fresh,) = await play(policy, samplings(3))
        for action in (again, fresh):
            old, new = (subject.trained(version, action.prompt_ids, action.ids, 1.0) for version in (1, 2))
            assert distance(old, new) > 10 * subject.tolerance, "weights(1) and weights(2) are too alike for this check"
            found = distance(action.logprobs, new)
            assert found <= subject.tolerance, f"after the load, log-probs are {found:.2g} nats from those of the new weights"

    @needs("matches_trainer")
    async def test_unchanged_weights_move_the_version_alone(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            await policy.load(Weights(9, "unchanged"))
            (action,) = await play(policy, samplings(1))
        assert {span.version for span in action.spans} == {9}
        assert distance(action.logprobs, subject.trained(1, action.prompt_ids, action.ids, 1.0)) <= subject.tolerance

    async def test_a_load_among_running_answers_holds_from_its_return_on(self, subject: PolicySubject) -> None:
        running, after = await load_among(subject)
        for action in running + after:
            spans_are_in_place(action)
        assert {span.version for action in running for span in action.spans} <= {1, 2, 3}
        assert {span.version for action in after for span in action.spans} == {3}

    @needs("matches_trainer")
    async def test_every_token_is_of_the_version_that_its_span_names(self, subject: PolicySubject) -> None:
        running, after = await load_among(subject)
        for action in running + after:
            found = subject.error(action, 1.0)
            assert found <= subject.tolerance, f"log-probs are {found:.2g} nats from those of the versions {action.spans}"

    async def test_cancelling_an_answer_leaves_the_policy_usable(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            others = asyncio.gather(*(play(policy, samplings(number, turns=3)) for number in range(2)))
            async with policy.open(EPISODE) as conversation:
                task = asyncio.create_task(conversation.act(OPENING, Sampling(max_tokens=subject.max_length)))
                await asyncio.sleep(0.005)
                task.cancel()
                await asyncio.wait([task])
            assert [len(episode) for episode in await others] == [3, 3]
            assert len(await play(policy, samplings(1, turns=2))) == 2

    async def test_a_closed_conversation_leaves_nothing_behind(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            await play(policy, samplings(0))
            before, conversations = held(), weakref.WeakSet[object]()
            for number in range(100):
                async with policy.open(EpisodeId("train", 0, "brief", number)) as conversation:
                    conversations.add(conversation)
                    await conversation.act(OPENING, Sampling(max_tokens=1))
            del conversation
            await play(policy, samplings(0))
            gc.collect()
            assert len(conversations) <= 10, f"{len(conversations)} of 100 closed conversations are still held"
            after = held()
        grown = {name: (before[name], after[name]) for name in before if after[name] > before[name] + 10}
        assert not grown, f"100 conversations were opened and closed, and these grew (before, after): {grown}"

    async def test_a_suspended_policy_goes_on_where_it_was(self, subject: PolicySubject) -> None:
        async with built(subject) as policy, policy.open(EPISODE) as conversation:
            first = await conversation.act(OPENING, Sampling(max_tokens=8, seed=1))
            await policy.suspend()
            await policy.resume()
            second = await conversation.act(MORE, Sampling(max_tokens=8, seed=2))
        assert second.prompt_ids[: len(first.prompt_ids + first.ids)] == first.prompt_ids + first.ids
        assert {span.version for span in second.spans} == {1}

    @needs("matches_trainer")
    async def test_a_suspended_policy_keeps_its_weights_and_takes_new_ones_afterwards(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            answers = []
            for version in (1, 2):
                await policy.suspend()
                await policy.resume()
                if version == 2:
                    await policy.load(subject.weights(2))
                answers += await play(policy, samplings(version))
        for version, action in enumerate(answers, 1):
            found = distance(action.logprobs, subject.trained(version, action.prompt_ids, action.ids, 1.0))
            assert found <= subject.tolerance, f"after a rest, log-probs are {found:.2g} nats from those of version {version}"

    async def test_closing_twice_is_harmless(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            await play(policy, samplings(0))
            await policy.close()
            await policy.close()


def spans_are_in_place(action: Action) -> None:
    """Fail unless an action's version spans start at 0 and rise within its ids."""
    starts = [span.start for span in action.spans]
    good = starts[:1] == [0] and starts == sorted(set(starts)) and starts[-1] < len(action.ids) if action.ids else not starts
    assert good, f"version spans of {len(action.ids)} ids start at {starts}, expected 0 and then rising within them, and none without ids"


async def prompt_length(policy: Policy, text: str) -> int:
    """How many ids the prompt has whose only message is `text`."""
    (action,) = await play(policy, [Sampling(max_tokens=1)], [Message("user", text)])
    assert action.finish is not Finish.ABORT
    return len(action.prompt_ids)


async def load_among(subject: PolicySubject) -> tuple[list[Action], list[Action]]:
    """Answers that were begun before versions 2 and 3 were loaded, one early and one later, and answers begun after both."""
    async with built(subject) as policy:
        longer = subject.max_length // 4
        running = asyncio.gather(*(play(policy, samplings(number, max_tokens=longer)) for number in range(4)))
        for _ in range(10):
            await asyncio.sleep(0)
        await policy.load(subject.weights(2))
        await asyncio.sleep(0.005)
        await policy.load(subject.weights(3))
        after = await play(policy, samplings(5))
        return flat(await running), after


def held() -> dict[str, int]:
    """What this process holds that a conversation could leave behind."""
    descriptors = Path("/proc/self/fd")
    return {
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "descriptors": sum(1 for _ in descriptors.iterdir()) if descriptors.is_dir() else 0,
    }
