"""Check a reward function: one finite number a turn, for every way in which an episode can end."""

import copy
import math
from collections.abc import Iterator, Sequence

import pytest

from rlef_core import (
    Action,
    Episode,
    EpisodeId,
    Execution,
    Finish,
    Judgement,
    Message,
    Problem,
    Program,
    RewardFunction,
    StdioCase,
    Stop,
    Turn,
    Verdict,
    VersionSpan,
)
from rlef_core.testing.suite import Suite, needs, promise

PROBLEM = Problem("add", "Add.", "any-language", (StdioCase("1 2", "3"),))
BARE = Problem("bare", "Add.", "any-language", ())


class RewardSuite(Suite):
    """The checks of a reward function; the fixture to write is `reward`."""

    is_deterministic: bool = promise("the same episode has the same rewards")
    prefers_success: bool = promise("of two episodes that differ only in the last program, the solved one earns more in sum")

    @pytest.fixture
    def reward(self) -> RewardFunction:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("reward", "a RewardFunction"))

    async def test_every_turn_of_every_episode_has_one_finite_number(self, reward: RewardFunction) -> None:
        for episode in episodes():
            rewards = await reward.rewards(episode)
            assert len(rewards) == len(episode.turns), f"found {len(rewards)} rewards for {len(episode.turns)} turns of {episode.id}"
            wrong = [
                value for value in rewards if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
            ]
            assert not wrong, f"found {wrong} among the rewards of {episode.id}, expected finite numbers"

    @needs("is_deterministic")
    async def test_the_same_episode_has_the_same_rewards(self, reward: RewardFunction) -> None:
        first = [list(await reward.rewards(episode)) for episode in episodes()]
        again = [list(await reward.rewards(episode)) for episode in reversed(list(episodes()))][::-1]
        assert first == again, "rewards changed from one call to the next, expected them to depend on the episode alone"

    async def test_an_episode_is_left_as_it_is(self, reward: RewardFunction) -> None:
        for episode in episodes():
            kept = copy.deepcopy(episode)
            await reward.rewards(episode)
            assert episode == kept, f"the reward function changed {episode.id}"

    @needs("prefers_success")
    async def test_a_solved_episode_earns_more_than_one_that_failed(self, reward: RewardFunction) -> None:
        solved, failed = [
            sum(await reward.rewards(episode_of([Verdict.WRONG_ANSWER, Verdict.ACCEPTED], private))) for private in (True, False)
        ]
        assert solved > failed, f"found {solved} for a solved episode and {failed} for one that failed a private case, expected more"


def episodes() -> Iterator[Episode]:
    """Episodes of one to three turns that end in every way, with every verdict, with and without programs and public cases."""
    for verdict in Verdict:
        for private in (True, False, None):
            yield episode_of([verdict], private)
            yield episode_of([None, Verdict.WRONG_ANSWER, verdict], private)
    yield episode_of([None], None)
    yield episode_of([Verdict.WRONG_ANSWER, None], None)
    yield episode_of([None, None, None], None, stop=Stop.CONTEXT)
    yield Episode(EpisodeId("train", 0, "bare", 9), BARE, (turn_of(None, Execution(())),), None, Stop.TURN_LIMIT)


def episode_of(verdicts: Sequence[Verdict | None], private: bool | None, stop: Stop | None = None) -> Episode:
    """An episode with one turn a verdict (None: no program); `private` says whether the private cases passed, None: they were not run."""
    turns = tuple(turn_of(verdict) for verdict in verdicts)
    passed = verdicts[-1] is Verdict.ACCEPTED
    judged = None if private is None or not passed else judged_as(Verdict.ACCEPTED if private else Verdict.WRONG_ANSWER)
    name = "-".join("none" if verdict is None else verdict.value for verdict in verdicts)
    return Episode(EpisodeId("train", 0, name, 0), PROBLEM, turns, judged, stop or (Stop.PUBLIC_PASSED if passed else Stop.TURN_LIMIT))


def turn_of(verdict: Verdict | None, execution: Execution | None = None) -> Turn:
    """A turn whose program had the verdict; None: the answer held no program, unless an execution is given."""
    action = Action("text", (1, 2), (3, 4), (-0.5, -0.1), (VersionSpan(0, 1),), Finish.STOP)
    if verdict is not None:
        execution = judged_as(verdict)
    program = None if execution is None else Program("any-language", "print(3)")
    return Turn((Message("user", "Add."),), action, program, execution)


def judged_as(verdict: Verdict) -> Execution:
    """One judgement."""
    return Execution((Judgement(0, verdict, 0.1, 0.1, 1_000_000, exit_code=0, output=b"3\n"),))
