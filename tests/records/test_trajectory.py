"""A trajectory is its episode, laid end to end: what is trained is what was sampled."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import Action, Episode, EpisodeId, Finish, Message, Problem, Stop, Trajectory, Turn, VersionSpan

tokens = st.lists(st.integers(0, 500), min_size=1, max_size=8)


def episode_of(turns: list[tuple[list[int], list[int]]]) -> Episode:
    """An episode whose turns have these new prompt ids and sampled ids."""
    seen: list[int] = []
    played = []
    for number, (prompt, ids) in enumerate(turns):
        seen += prompt
        logprobs = tuple(-float(number + 1) - index / 10 for index in range(len(ids)))
        action = Action("", tuple(seen), tuple(ids), logprobs, (VersionSpan(0, number),), Finish.STOP)
        played.append(Turn((Message("user", ""),), action, None, None))
        seen += ids
    return Episode(EpisodeId("train", 0, "t", 0), Problem("t", "", "python", ()), tuple(played), None, Stop.TURN_LIMIT, 0.7)


@given(st.lists(st.tuples(tokens, tokens), min_size=1, max_size=4))
def test_trained_tokens_are_exactly_the_sampled_ones(turns: list[tuple[list[int], list[int]]]) -> None:
    episode = episode_of(turns)
    trajectory = Trajectory.from_episode(episode, tuple(float(n) for n in range(len(turns))))
    sampled = [id for _, ids in turns for id in ids]
    assert [id for id, trained in zip(trajectory.ids, trajectory.trained, strict=True) if trained] == sampled
    assert list(trajectory.ids) == [id for prompt, ids in turns for id in prompt + ids]
    logprobs = [value for turn in episode.turns for value in turn.action.logprobs]
    assert [value for value, trained in zip(trajectory.logprobs, trajectory.trained, strict=True) if trained] == logprobs
    assert all(value == 0.0 for value, trained in zip(trajectory.logprobs, trajectory.trained, strict=True) if not trained)
    for span, (_, ids), number in zip(trajectory.turns, turns, range(len(turns)), strict=True):
        assert list(trajectory.ids[span.start : span.stop]) == ids
        assert set(trajectory.versions[span.start : span.stop]) == {number}
        assert span.reward == float(number)
        assert not trajectory.trained[span.start - 1]
    assert trajectory.temperature == 0.7


def test_the_number_of_rewards_must_be_the_number_of_turns() -> None:
    with pytest.raises(ValueError, match="one a turn"):
        Trajectory.from_episode(episode_of([([1], [2])]), (0.0, 1.0))


def with_action(episode: Episode, **changes: object) -> Episode:
    return evolve(episode, turns=(evolve(episode.turns[0], action=evolve(episode.turns[0].action, **changes)),))


@pytest.mark.parametrize("changes", [{"logprobs": (-1.0,)}, {"logprobs": (-1.0, -1.0, -1.0)}])
def test_log_probs_that_do_not_fit_the_ids_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected as many"):
        Trajectory.from_episode(with_action(episode_of([([1], [2, 3])]), **changes), (0.0,))


@pytest.mark.parametrize("starts", [(), (1,), (0, 0), (0, 2)])
def test_version_spans_out_of_place_are_refused(starts: tuple[int, ...]) -> None:
    spans = tuple(VersionSpan(start, 0) for start in starts)
    with pytest.raises(ValueError, match="version spans"):
        Trajectory.from_episode(with_action(episode_of([([1], [2, 3])]), spans=spans), (0.0,))


def test_a_prompt_that_does_not_continue_the_ids_before_it_is_refused() -> None:
    episode = episode_of([([1], [2]), ([3], [4])])
    last = episode.turns[1].action
    forged = Action(last.text, (9, *last.prompt_ids[1:]), last.ids, last.logprobs, last.spans, last.finish)
    broken = Episode(episode.id, episode.problem, (episode.turns[0], Turn((), forged, None, None)), None, episode.stop)
    with pytest.raises(ValueError, match="does not continue"):
        Trajectory.from_episode(broken, (0.0, 0.0))
