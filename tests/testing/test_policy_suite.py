"""The suite for policies passes an honest policy, and each kind of dishonest one fails the check that is meant for it."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from attrs import evolve

from rlef_core import Action, EpisodeId, Finish, Message, Sampling, Weights
from rlef_core.builtin.scripted import COMPONENT, ScriptedConfig
from rlef_core.testing.policy import PolicySubject, PolicySuite
from tests.testing.bigram import TOKENIZER, BigramConversation, BigramPolicy, Table, logprobs


def subject_of(build: type[BigramPolicy]) -> PolicySubject:
    tables: dict[int, Table] = {}

    def weights(version: int) -> Weights:
        return Weights(version, "memory", tables.setdefault(version, Table(version)))

    return PolicySubject(build, max_length=160, weights=weights, logprobs=logprobs, control_tokens=("<|start|>", "<|end|>"), tolerance=1e-9)


class TestBigramPolicy(PolicySuite):
    @pytest.fixture
    def subject(self) -> PolicySubject:
        return subject_of(BigramPolicy)


class TestScriptedPolicy(PolicySuite):
    matches_trainer = False
    samples = False
    seeded = False
    greedy = False
    nucleus = False

    @pytest.fixture
    def subject(self) -> PolicySubject:
        config = ScriptedConfig(answers=("print(1)", "print(2)"))
        return PolicySubject(lambda: COMPONENT.build(config, WithModel()), max_length=160, control_tokens=("<|start|>", "<|end|>"))


class WithModel:
    """As much of a context as the policy `scripted` asks for."""

    class model:
        max_length = 160


class Retelling(BigramConversation):
    """Changes what the honest conversation tells of an action."""

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        return self.retell(await super().act(messages, sampling), sampling)

    def retell(self, action: Action, sampling: Sampling) -> Action:
        return action


def talking(conversation: type[BigramConversation]) -> type[BigramPolicy]:
    class Talking(BigramPolicy):
        @asynccontextmanager
        async def open(self, episode: EpisodeId) -> Any:
            yield conversation(self)

    Talking.__name__ = conversation.__name__
    return Talking


class StaleAfterLoad(BigramPolicy):
    async def load(self, weights: Weights) -> None:
        self.version = weights.version
        if weights.version < 2:
            await super().load(weights)


class StaleInOpenConversations(BigramConversation):
    def __init__(self, policy: BigramPolicy) -> None:
        super().__init__(policy)
        self.policy = BigramPolicy(policy.max_length)
        self.policy.table, self.live = policy.table, policy

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        self.policy.version = self.live.version
        return await super().act(messages, sampling)


class LogProbsOfAnotherTemperature(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        return evolve(action, logprobs=tuple(logprobs(Weights(1, "memory", self.policy.table), action.prompt_ids, action.ids, 1.0)))


class SamplesAtAnotherTemperature(BigramPolicy):
    def draw(self, previous: int, sampling: Sampling, random: Random) -> tuple[int, float]:
        id, _ = super().draw(previous, evolve(sampling, temperature=1.0), random)
        return id, self.table.logprobs(previous, sampling.temperature)[id]


class LogProbsBeforeTopP(BigramPolicy):
    def draw(self, previous: int, sampling: Sampling, random: Random) -> tuple[int, float]:
        id, _ = super().draw(previous, sampling, random)
        return id, self.table.logprobs(previous, sampling.temperature)[id]


class Retokenises(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        self.transcript.ids[len(action.prompt_ids) :] = TOKENIZER.encode(action.text, special=False)
        return action


class LosesVersionSpans(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        return evolve(action, spans=())


class LosesLaterSpans(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        return evolve(action, spans=action.spans[:1])


class ForgetsSeeds(BigramConversation):
    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        return await super().act(messages, evolve(sampling, seed=None))


class OneSeedForAll(BigramConversation):
    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        return await super().act(messages, evolve(sampling, seed=1))


class NeverGreedy(BigramPolicy):
    def draw(self, previous: int, sampling: Sampling, random: Random) -> tuple[int, float]:
        return super().draw(previous, evolve(sampling, temperature=sampling.temperature or 1.0), random)


class CallsACutAStop(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        return evolve(action, finish=Finish.STOP if action.finish is Finish.LENGTH else action.finish)


class CallsEverythingLength(Retelling):
    def retell(self, action: Action, sampling: Sampling) -> Action:
        return evolve(action, finish=Finish.LENGTH if action.finish is Finish.STOP else action.finish)


class OutgrowsTheContext(BigramPolicy):
    def __init__(self) -> None:
        super().__init__(max_length=200)


class LetsTurnsBeForged(BigramConversation):
    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        action = await super().act(messages, sampling)
        prompt = tuple(TOKENIZER.encode(TOKENIZER.render(messages, generation=True), special=True))
        return evolve(action, prompt_ids=prompt)


class MixesConversations(BigramPolicy):
    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> Any:
        self.shared = getattr(self, "shared", None) or BigramConversation(self)
        yield self.shared


class KeepsConversations(BigramPolicy):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> Any:
        self.kept.append(BigramConversation(self))
        yield self.kept[-1]


class LeavesTasks(BigramPolicy):
    @asynccontextmanager
    async def open(self, episode: EpisodeId) -> Any:
        self.task = asyncio.create_task(asyncio.sleep(5))
        yield BigramConversation(self)


class LosesWeightsWhenSuspended(BigramPolicy):
    async def suspend(self) -> None:
        self.table = Table(99)


class TakesNothingAfterARest(BigramPolicy):
    rested = False

    async def suspend(self) -> None:
        self.rested = True

    async def load(self, weights: Weights) -> None:
        if not self.rested:
            await super().load(weights)


class HangsAfterACancel(BigramConversation):
    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        try:
            return await super().act(messages, sampling)
        except asyncio.CancelledError:
            self.policy.draw = None  # type: ignore[method-assign,assignment]
            raise


CAUGHT = [
    (StaleAfterLoad, "after_a_load_every_new_token_is_of_the_new_weights"),
    (talking(StaleInOpenConversations), "after_a_load_every_new_token_is_of_the_new_weights"),
    (StaleAfterLoad, "every_token_is_of_the_version_that_its_span_names"),
    (talking(LogProbsOfAnotherTemperature), "log_probs_are_the_trainers_at_the_temperature_sampled"),
    (SamplesAtAnotherTemperature, "answers_are_drawn_as_often_as_their_log_probs_say"),
    (LogProbsBeforeTopP, "log_probs_under_top_p_are_of_the_tokens_that_were_kept"),
    (talking(Retokenises), "a_prompt_continues_the_ids_before_it"),
    (talking(LosesVersionSpans), "version_spans_cover_the_ids_and_name_the_loaded_version"),
    (talking(LosesLaterSpans), "every_token_is_of_the_version_that_its_span_names"),
    (talking(ForgetsSeeds), "a_seed_repeats_an_answer_and_another_gives_another"),
    (talking(OneSeedForAll), "a_seed_repeats_an_answer_and_another_gives_another"),
    (talking(OneSeedForAll), "unseeded_answers_to_one_prompt_differ"),
    (NeverGreedy, "temperature_zero_takes_the_likeliest_tokens"),
    (talking(CallsACutAStop), "an_answer_cut_at_max_tokens_says_length"),
    (talking(CallsEverythingLength), "an_answer_stops_at_the_end_of_turn_and_nowhere_else"),
    (OutgrowsTheContext, "a_full_context_ends_the_answer_and_then_leaves_no_room"),
    (talking(LetsTurnsBeForged), "control_tokens_in_a_message_forge_no_turn"),
    (MixesConversations, "many_conversations_at_once_do_not_mix"),
    (KeepsConversations, "a_closed_conversation_leaves_nothing_behind"),
    (LeavesTasks, "a_closed_conversation_leaves_nothing_behind"),
    (LosesWeightsWhenSuspended, "a_suspended_policy_keeps_its_weights_and_takes_new_ones_afterwards"),
    (TakesNothingAfterARest, "a_suspended_policy_keeps_its_weights_and_takes_new_ones_afterwards"),
]


@pytest.mark.parametrize(("mutant", "check"), CAUGHT, ids=[f"{mutant.__name__}-{check}" for mutant, check in CAUGHT])
async def test_a_dishonest_policy_fails_the_check_that_is_meant_for_it(mutant: type[BigramPolicy], check: str) -> None:
    with pytest.raises(AssertionError) as caught:
        await getattr(PolicySuite(), f"test_{check}")(subject_of(mutant))
    assert "for this check" not in str(caught.value)  # which says that the subject, and not the policy, is wrong


async def test_a_policy_that_a_cancelled_answer_breaks_is_caught() -> None:
    with pytest.raises(TypeError):
        await PolicySuite().test_cancelling_an_answer_leaves_the_policy_usable(subject_of(talking(HangsAfterACancel)))


async def test_a_subject_without_a_trainer_is_told_what_to_do() -> None:
    without = evolve(subject_of(BigramPolicy), logprobs=None)
    with pytest.raises(AssertionError, match="no logprobs, expected the trainer's"):
        await PolicySuite().test_log_probs_are_the_trainers_at_the_temperature_sampled(without)
