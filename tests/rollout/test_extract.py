"""The program in an answer, and thoughts that hold none."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rlef_core.builtin.python import LANGUAGE
from rlef_core.records import Program
from rlef_core.rollout.collections import play_collection
from rlef_core.rollout.extract import extract
from rlef_core.spec.blocks import ThoughtsBlock
from rlef_core.training.parts import open_parts

DRAFT = "```python\ndraft\n```\n"
FINAL = "```python\nfinal\n```\n"
DEFAULT = ThoughtsBlock()
BEGUN = ThoughtsBlock(begun=True)


def found(answer: str, thoughts: ThoughtsBlock | None) -> str | None:
    program = extract(answer, LANGUAGE, thoughts)
    return None if program is None else program.source.strip()


def test_without_the_setting_thoughts_are_text_like_any_other() -> None:
    assert found(f"<think>\n{DRAFT}</think>\n{FINAL}", None) == "draft"


@pytest.mark.parametrize("thoughts", [DEFAULT, BEGUN])
@pytest.mark.parametrize(
    ("answer", "source"),
    [
        (f"<think>\n{DRAFT}</think>\n{FINAL}", "final"),
        (f"{DRAFT}</think>\n{FINAL}", "final"),  # the template wrote the open marker
        (f"<think>a</think>\n{DRAFT}<think>b</think>\n{FINAL}", "final"),  # what stands between thoughts is not the answer
        (f"<think>\n{FINAL}</think>\nDone.", None),
        (f"<think>\n{FINAL}", None),
        (f"<think>a</think>\n{FINAL}<think>\nor rather\n{DRAFT}", None),  # cut while it thought again
        (f"<think>\n```python\n</think>\n{FINAL}", "final"),  # a fence left open in a thought opens nothing after it
        (f"</think>{FINAL}", "final"),
    ],
)
def test_only_what_follows_the_last_thought_is_looked_at(thoughts: ThoughtsBlock, answer: str, source: str | None) -> None:
    assert found(answer, thoughts) == source


def test_an_answer_without_marks_is_a_thought_only_where_the_template_has_begun_one() -> None:
    assert found(FINAL, DEFAULT) == "final"
    assert found(FINAL, BEGUN) is None


def test_the_marks_are_settings() -> None:
    assert found(f"[THINK]{DRAFT}[/THINK]{FINAL}", ThoughtsBlock("[THINK]", "[/THINK]")) == "final"
    assert found(f"[THINK]\n{DRAFT}[/THINK]\n{FINAL}", DEFAULT) == "draft"


async def test_an_answer_that_only_thinks_is_judged_and_answered_as_one_without_code(
    plan_of: Callable[..., object], tmp_path: Path
) -> None:
    right = "```\nprint(int(input()) + 3)\n```"
    answers = [f"<think>\n{right}\n", f"<think>\n```\nraise SystemExit(1)\n```\n</think>\n{right}"]
    plan, registry = plan_of(f"policy.answers={json.dumps(answers)}", "rollout.thoughts={}")
    async with open_parts(plan, registry, tmp_path) as parts:
        collection = await play_collection(parts.player, parts.scorer, "train", 0, [parts.tasksets["train"].task("add-3")])
    (episode,) = collection.episodes
    thinking, answering = episode.turns
    assert (thinking.program, thinking.execution) == (None, None)
    assert "Your answer holds no code." in answering.observation[0].content
    assert answering.program == Program("python", "print(int(input()) + 3)\n")
    assert answering.execution.accepted
    assert episode.solved
    assert collection.rewards == ((-0.2, 1.0),)
