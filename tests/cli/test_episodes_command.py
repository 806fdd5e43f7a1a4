"""`rlef-core episodes`, on journals written as runs write them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core import Action, Episode, EpisodeId, Execution, Finish, Judgement, Problem, StdioCase, Stop, Turn, Verdict, VersionSpan
from rlef_core.cli import main
from rlef_core.training.codec import dump_episode

Episodes = Callable[..., Result]


def episode(task: str, *verdicts: Verdict | None) -> Episode:
    """An episode whose turns have these verdicts on their public cases; None: an answer without code."""
    action = Action("text", (1,), (2,), (-0.5,), (VersionSpan(0, 1),), Finish.STOP)
    turns = [Turn((), action, None, None if each is None else Execution((Judgement(0, each),))) for each in verdicts]
    private = Execution((Judgement(0, Verdict.WRONG_ANSWER),))
    problem = Problem(task, "s", "python", (StdioCase("", ""),))
    return Episode(EpisodeId("train", 0, task, 0), problem, tuple(turns), private, Stop.PUBLIC_PASSED)


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    """Run `episodes list` on a run with these lines in its journal; None: without a journal."""

    def run(lines: list[str] | None, *words: str) -> Result:
        if lines is not None:
            (tmp_path / "episodes").mkdir()
            (tmp_path / "episodes" / "train.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return CliRunner().invoke(main, ["episodes", "list", str(tmp_path), *words])

    return run


LINES = [
    dump_episode(episode("sum", None, Verdict.ACCEPTED), (-0.2, -1.0)),
    dump_episode(episode("reverse", Verdict.WRONG_ANSWER), (0.5,)),
]


def test_episodes_are_listed_under_a_header_with_verdicts_on_public_cases(episodes):
    assert episodes(LINES).stdout.splitlines() == [
        "episode            outcome  reward  verdicts by turn",
        "train/0/sum/0      failed   -1.20   public: no_program, accepted",
        "train/0/reverse/0  failed   +0.50   public: wrong_answer",
    ]


def test_episodes_are_listed_as_json(episodes):
    first, second = map(json.loads, episodes(LINES, "--json").stdout.splitlines())
    assert first == {"id": "train/0/sum/0", "solved": False, "rewards": [-0.2, -1.0], "public": ["no_program", "accepted"]}
    assert second["id"] == "train/0/reverse/0"


@pytest.mark.parametrize(
    ("lines", "words", "said"),
    [
        (None, (), "it is no run's directory, or none has ended yet"),
        ([], (), "no episodes of purpose 'train' in "),
        (LINES, ("--purpose", "trained"), "expected one of 'train'"),
    ],
)
def test_where_there_are_no_episodes_it_is_said(episodes, lines, words, said):
    done = episodes(lines, *words)
    assert (done.exit_code, said in done.stderr, len(done.stderr.splitlines())) == (2, True, 1), done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON: expecting property name enclosed in double quotes at column 2"),
        ('{"schema": 7}', "an episode of schema 7, expected 1"),
    ],
)
def test_a_damaged_journal_is_told_with_its_line(episodes, line, said):
    done = episodes([LINES[0], line, LINES[1]])
    assert done.exit_code == 5
    assert f"episodes/train.jsonl:2: no episode: {said}; " in done.stderr
