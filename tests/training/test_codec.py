"""Episodes come back from their journal exactly as they were."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rlef_core import (
    Action,
    CallCase,
    Episode,
    EpisodeId,
    Execution,
    FileCase,
    Finish,
    Judgement,
    Message,
    Problem,
    Program,
    ScriptCase,
    StdioCase,
    Stop,
    Turn,
    Verdict,
    VersionSpan,
)
from rlef_core.training.codec import dump_episode, load_episode, pack, unpack

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
data = st.recursive(st.none() | st.integers() | text | st.binary(max_size=4), lambda inner: st.lists(inner, max_size=3).map(tuple))
cases = st.one_of(
    st.builds(StdioCase, text, text),
    st.builds(CallCase, st.just("f"), st.lists(data, max_size=3).map(tuple), data, text),
    st.builds(FileCase, text, text, st.just("in.txt"), st.sampled_from(["", "out.txt"])),
    st.builds(ScriptCase, text),
)
seconds = st.floats(0, 100)
judgements = st.builds(
    Judgement,
    st.integers(0, 9),
    st.sampled_from(Verdict),
    seconds,
    seconds,
    st.integers(0, 2**40),
    st.none() | st.integers(0, 255),
    st.none() | st.integers(1, 64),
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.booleans(),
)
executions = st.none() | st.builds(Execution, st.lists(judgements, max_size=3).map(tuple))
ids = st.lists(st.integers(0, 2**31 - 1), max_size=6).map(tuple)
actions = st.builds(
    Action,
    text,
    ids,
    ids,
    st.lists(st.floats(-100, 0), max_size=6).map(tuple),
    st.lists(st.builds(VersionSpan, st.integers(0, 9), st.integers(0, 9)), max_size=3).map(tuple),
    st.sampled_from(Finish),
)
messages = st.lists(st.builds(Message, st.just("user"), text, st.none() | st.integers(1, 9)), max_size=3).map(tuple)
turns = st.builds(Turn, messages, actions, st.none() | st.builds(Program, st.just("python"), text), executions)
episodes = st.builds(
    Episode,
    st.builds(EpisodeId, st.just("train"), st.integers(0, 9), text, st.integers(0, 9)),
    st.builds(Problem, text, text, st.just("python"), st.lists(cases, max_size=3).map(tuple), text),
    st.lists(turns, min_size=1, max_size=3).map(tuple),
    executions,
    st.sampled_from(Stop),
    st.floats(0, 2),
)


@settings(max_examples=60)
@given(episodes, st.lists(st.floats(-2, 2), max_size=3).map(tuple))
def test_an_episode_comes_back_as_it_was_written(episode: Episode, rewards: tuple[float, ...]) -> None:
    line = dump_episode(episode, rewards)
    assert "\n" not in line
    assert load_episode(line) == (episode, rewards)


@given(st.lists(st.floats(allow_nan=False)))
def test_a_column_of_numbers_comes_back_bit_for_bit(numbers: list[float]) -> None:
    assert unpack(pack(numbers, "d"), "d") == tuple(numbers)
