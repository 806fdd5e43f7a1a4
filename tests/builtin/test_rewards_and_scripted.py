"""The paper's reward, the reciting policy and the optimizer that only counts."""

from pathlib import Path

import pytest

from rlef_core import Action, Episode, EpisodeId, Execution, Finish, Judgement, Problem, Program, StdioCase, Stop, Turn, UsageError, Verdict
from rlef_core.builtin.dry_run import DryRun
from rlef_core.builtin.rewards import RlefConfig, RlefReward
from rlef_core.builtin.scripted.policy import ScriptedConfig, build

ACTION = Action("", (1,), (2,), (0.0,), (), Finish.STOP)
GOOD = Execution((Judgement(0, Verdict.ACCEPTED),))
BAD = Execution((Judgement(0, Verdict.WRONG_ANSWER),))


def turn(execution: Execution | None) -> Turn:
    return Turn((), ACTION, None if execution is None else Program("python", ""), execution)


def episode(*executions: Execution | None, private: Execution | None = None) -> Episode:
    problem = Problem("p", "", "python", (StdioCase("", ""),))
    return Episode(EpisodeId("train", 0, "p", 0), problem, tuple(map(turn, executions)), private, Stop.TURN_LIMIT)


@pytest.mark.parametrize(
    ("played", "expected"),
    [
        (episode(GOOD, private=GOOD), [1.0]),
        (episode(GOOD, private=BAD), [-1.0]),
        (episode(BAD, None, GOOD, private=GOOD), [0.0, -0.2, 1.0]),
        (episode(None, BAD, None), [-0.2, 0.0, -1.0]),
    ],
)
async def test_the_reward_is_the_papers(played: Episode, expected: list[float]) -> None:
    assert await RlefReward(RlefConfig()).rewards(played) == expected


async def test_its_constants_are_settings() -> None:
    config = RlefConfig(solved=2.0, failed=-3.0, no_program=-0.5, wrong_program=0.25)
    assert await RlefReward(config).rewards(episode(BAD, None, BAD)) == [0.25, -0.5, -3.0]


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": []}', '{"a": "b"}'])
def test_a_script_that_is_none_is_a_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="JSON object"):
        build(ScriptedConfig(script=path), None)  # type: ignore[arg-type]  # the script is read before the context is


async def test_dry_run_counts_collections_over_a_save_and_restore(tmp_path: Path) -> None:
    first, second = DryRun(4), DryRun(4)
    assert (await first.update([])).updates == 0
    await first.save(tmp_path)
    await second.restore(tmp_path)
    async with second.publish("unchanged") as weights:
        assert (weights.version, weights.payload) == (1, None)
