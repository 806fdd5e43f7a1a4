"""Check what a policy samples: its log-probs, its distribution, its seeds, and why an answer ended."""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence

from rlef_core import Action, Finish, Policy, Sampling
from rlef_core.testing.conversations import EPISODE, MORE, OPENING, PolicySubject, built, play, play_many, samplings
from rlef_core.testing.logprobs import distance
from rlef_core.testing.suite import Suite, needs, promise

TEMPERATURES = (1.0, 0.7)
DRAWS = 400
FREQUENT = 5.0


class AnswerChecks(Suite):
    """The part of `PolicySuite` that looks at single answers."""

    matches_trainer: bool = promise("log-probs are those that the trainer computes for the same ids, temperature and weights")
    samples: bool = promise("answers are drawn at random: unseeded answers to one prompt differ")
    seeded: bool = promise("one seed gives one answer, other seeds give others")
    greedy: bool = promise("temperature 0 takes the likeliest tokens")
    nucleus: bool = promise("top_p keeps the likeliest tokens, and log-probs are those of what was kept")
    ends_turns: bool = promise("the model ends some of its answers by itself")

    async def test_every_id_has_a_log_prob_and_none_is_positive(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            episodes = await play_many(policy, 4, turns=2)
        for action in flat(episodes):
            assert len(action.logprobs) == len(action.ids), "an action's logprobs are as many as its ids"
            assert all(math.isfinite(each) and each <= 1e-6 for each in action.logprobs)

    @needs("matches_trainer")
    async def test_log_probs_are_the_trainers_at_the_temperature_sampled(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            for temperature in TEMPERATURES:
                actions = flat(await play_many(policy, 6, turns=2, temperature=temperature))
                sharp_enough(subject, actions)
                found = max(subject.error(action, temperature) for action in actions)
                assert found <= subject.tolerance, f"at temperature {temperature} log-probs are {found:.2g} nats from the trainer's"

    @needs("matches_trainer")
    async def test_answers_are_drawn_as_often_as_their_log_probs_say(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            actions = await first_tokens(policy, temperature=0.7)
        odds = {action.ids[0]: math.exp(action.logprobs[0]) for action in actions}
        found, limit = surprise(odds, Counter(action.ids[0] for action in actions))
        assert found <= limit, f"{DRAWS} first tokens are not of the distribution that their log-probs tell: chi-square {found:.0f}"

    @needs("samples")
    async def test_unseeded_answers_to_one_prompt_differ(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            episodes = await asyncio.gather(*(play(policy, [Sampling(max_tokens=8)]) for _ in range(8)))
        assert len({action.ids for action in flat(episodes)}) > 1

    @needs("seeded")
    async def test_a_seed_repeats_an_answer_and_another_gives_another(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            answers = [(await play(policy, samplings(number)))[0].ids for number in (1, 2, 3, 4, 1)]
        assert answers[0] == answers[-1], "the same seed gave two answers"
        assert len(set(answers)) > 1, "four seeds gave one answer"

    @needs("greedy")
    async def test_temperature_zero_takes_the_likeliest_tokens(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            (first,), (second,) = [await play(policy, [Sampling(temperature=0.0, max_tokens=8)]) for _ in range(2)]
        assert first.ids == second.ids
        cold = max(0.01, 10 * subject.tolerance)  # so cold that any token but the likeliest is out of the question
        assert min(subject.trained(1, first.prompt_ids, first.ids, cold)) > math.log(0.2)

    @needs("nucleus")
    async def test_log_probs_under_top_p_are_of_the_tokens_that_were_kept(self, subject: PolicySubject) -> None:
        top_p = 0.6
        async with built(subject) as policy:
            (action,) = await play(policy, [Sampling(top_p=top_p, max_tokens=2 * 12, seed=3)])
        whole = subject.trained(1, action.prompt_ids, action.ids, 1.0)
        gains = [kept - each for kept, each in zip(action.logprobs, whole, strict=True)]
        # What is kept has a probability from top_p to 1 in all, and each of its tokens gains what the others lost.
        assert all(-subject.tolerance <= gain <= -math.log(top_p) + subject.tolerance for gain in gains)
        assert max(gains) > subject.tolerance, "log-probs under top_p are those without it"

    async def test_an_answer_cut_at_max_tokens_says_length(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            actions = flat(await play_many(policy, 12, max_tokens=2))
        assert all(len(action.ids) <= 2 for action in actions)
        assert all(len(action.ids) == 2 for action in actions if action.finish is Finish.LENGTH)
        assert Finish.LENGTH in {action.finish for action in actions}

    async def test_a_full_context_ends_the_answer_and_then_leaves_no_room(self, subject: PolicySubject) -> None:
        async with built(subject) as policy, policy.open(EPISODE) as conversation:
            asked = Sampling(max_tokens=2 * subject.max_length, seed=1)
            action = await conversation.act(OPENING, asked)
            while action.finish is not Finish.CONTEXT:
                assert len(action.prompt_ids) + len(action.ids) <= subject.max_length, "the conversation outgrew max_length"
                action = await conversation.act(MORE, asked)
            assert not action.ids or len(action.prompt_ids) + len(action.ids) <= subject.max_length
            last = await conversation.act(MORE, asked)
        assert (last.finish, last.ids, last.spans) == (Finish.CONTEXT, (), ())

    @needs("ends_turns")
    async def test_an_answer_stops_at_the_end_of_turn_and_nowhere_else(self, subject: PolicySubject) -> None:
        async with built(subject) as policy:
            actions = flat(await play_many(policy, 24, max_tokens=subject.max_length))
        ends = {action.ids[-1] for action in actions if action.finish is Finish.STOP}
        assert ends, f"none of {len(actions)} answers stopped"
        for action in actions:
            assert not ends & set(action.ids[:-1]), "an answer went on after its end of turn"
            assert action.finish is Finish.STOP or not ends & set(action.ids[-1:]), f"an end of turn is called {action.finish}"


def flat(episodes: Sequence[Sequence[Action]]) -> list[Action]:
    """The actions of all episodes."""
    return [action for episode in episodes for action in episode]


def sharp_enough(subject: PolicySubject, actions: Sequence[Action]) -> None:
    """Fail where the subject's model is too flat to tell one temperature from another."""
    warm, cool = [[each for a in actions for each in subject.trained(1, a.prompt_ids, a.ids, temperature)] for temperature in TEMPERATURES]
    assert distance(warm, cool) > 10 * subject.tolerance, "the subject's model is too flat for this check: spread its logits"


async def first_tokens(policy: Policy, temperature: float) -> list[Action]:
    """Many one-token answers to one prompt."""
    draws = [Sampling(temperature=temperature, max_tokens=1, seed=10_000 + number) for number in range(DRAWS)]
    return flat(await asyncio.gather(*(play(policy, [draw], number=number) for number, draw in enumerate(draws))))


def surprise(odds: dict[int, float], counts: Counter[int]) -> tuple[float, float]:
    """The chi-square distance of `counts` from `odds`, over the tokens that are frequent enough, and the most that chance explains."""
    total = counts.total()
    cells = [(counts[id], total * odd) for id, odd in odds.items() if total * odd >= FREQUENT]
    assert cells, "the subject's model is too flat for this check: spread its logits"
    rest = total - sum(expected for _, expected in cells)
    if rest >= FREQUENT:
        cells.append((total - sum(count for count, _ in cells), rest))
    chi_square = sum((count - expected) ** 2 / expected for count, expected in cells)
    return chi_square, len(cells) + 6 * math.sqrt(2 * len(cells)) + 6
