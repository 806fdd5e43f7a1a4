"""Taskset `tiny-programs`: its programs do what its cases say, its splits are apart, its ceiling is counted."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from itertools import combinations

import pytest

from rlef_core import Case, Rejected, StdioCase, Task, Taskset, UsageError
from rlef_core.builtin.tiny_programs import COMPONENT, SPLITS, TinyPrograms
from rlef_core.builtin.tiny_programs.frames import frames

TASKSET = TinyPrograms()


@cache
def output(source: str, given: str) -> str | None:
    """What a program prints; None where it raises. The programs are the taskset's own."""
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(sys, "stdin", StringIO(given))
        try:
            exec(compile(source, "solution.py", "exec"), {})
        except (ValueError, IndexError):
            return None
    return printed.getvalue()


def passes(source: str, cases: Sequence[Case]) -> bool:
    return all(isinstance(case, StdioCase) and output(source, case.input) == case.output for case in cases)


def passes_all(task: Task, source: str) -> bool:
    return passes(source, task.problem.public_cases + task.private_cases)


def tasks(split: str) -> Iterator[Task]:
    for id in TASKSET.ids(split):
        task = TASKSET.task(id)
        assert isinstance(task, Task)
        yield task


def inputs(task: Task) -> tuple[str, ...]:
    return tuple(case.input for case in task.problem.public_cases + task.private_cases if isinstance(case, StdioCase))


def statements(split: str) -> set[str]:
    return {task.problem.statement for task in tasks(split)}


def by_statement(split: str) -> dict[str, list[Task]]:
    groups = defaultdict(list)
    for task in tasks(split):
        groups[task.problem.statement].append(task)
    return groups


@pytest.mark.parametrize("split", SPLITS)
def test_every_reference_passes_all_its_cases(split: str) -> None:
    for task in tasks(split):
        assert task.reference is not None
        assert passes_all(task, task.reference), task


@pytest.mark.parametrize("split", SPLITS)
def test_every_wrong_program_fails(split: str) -> None:
    for task in tasks(split):
        for source in task.wrong:
            assert not passes_all(task, source), (task, source)


@pytest.mark.parametrize("split", SPLITS)
def test_the_buggy_variant_passes_the_public_cases_and_fails_a_private_one(split: str) -> None:
    for task in tasks(split):
        assert passes(task.wrong[0], task.problem.public_cases), task
        assert not passes(task.wrong[0], task.private_cases), task


def test_one_failing_public_case_tells_which_rule_is_meant() -> None:
    for group in by_statement("train").values():
        for index in range(len(group[0].problem.public_cases)):
            assert len({task.problem.public_cases[index] for task in group}) == len(group)


def test_the_other_programs_of_a_statement_fail_its_public_cases() -> None:
    for task in tasks("evaluation"):
        assert not any(passes(source, task.problem.public_cases) for source in task.wrong[1:]), task


def test_every_statement_leaves_eight_rules_open_on_the_same_inputs() -> None:
    for split in SPLITS:
        for group in by_statement(split).values():
            assert len({task.reference for task in group}) >= 8
            assert len({inputs(task) for task in group}) == 1


def test_there_are_200_statements_and_500_evaluation_tasks() -> None:
    assert sum(len(statements(split)) for split in SPLITS) == len({frame.statement for frame in frames()}) >= 200
    assert len(TASKSET.ids("evaluation")) >= 500


def test_splits_share_no_statement() -> None:
    for first, second in combinations(SPLITS, 2):
        assert not statements(first) & statements(second)


def test_every_program_of_an_evaluation_statement_can_be_learned_from_another_statement() -> None:
    base = {task.reference for task in tasks("base")}
    assert {task.reference for split in ("train", "evaluation") for task in tasks(split)} <= base


def test_tasks_have_one_or_two_public_and_three_to_five_private_cases_and_programs_several_lines() -> None:
    for split in SPLITS:
        for task in tasks(split):
            assert 1 <= len(task.problem.public_cases) <= 2
            assert 3 <= len(task.private_cases) <= 5
            assert task.reference is not None
            assert len(task.reference.splitlines()) >= 3


def test_the_blind_ceiling_is_that_of_the_best_three_programs_when_they_are_run() -> None:
    solved = 0
    for group in by_statement("evaluation").values():
        solves = [{task.problem.id for task in group if passes_all(task, player.reference or "")} for player in group]
        solved += max(len(set().union(*tried)) for tried in combinations(solves, 3))
    assert TASKSET.bounds("evaluation", 3) == {"blind_ceiling": solved / len(TASKSET.ids("evaluation"))}


def test_the_blind_ceiling_rises_with_the_tries_up_to_one() -> None:
    assert [TASKSET.bounds("train", tries)["blind_ceiling"] for tries in (1, 2, 8, 9)] == [1 / 8, 2 / 8, 1.0, 1.0]


def test_another_process_makes_the_same_tasks() -> None:
    shown = "[TASKSET.task(id) for split in SPLITS for id in TASKSET.ids(split)][::97]"
    program = f"from rlef_core.builtin.tiny_programs import *\nTASKSET = TinyPrograms()\nprint({shown})"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment).stdout
    assert printed == f"{[TASKSET.task(id) for split in SPLITS for id in TASKSET.ids(split)][::97]}\n"


def test_an_unknown_split_is_an_error_that_names_the_splits() -> None:
    with pytest.raises(UsageError, match="no split 'test', expected one of 'base', 'train', 'evaluation'"):
        TASKSET.ids("test")


def test_an_unknown_id_is_rejected_with_its_name() -> None:
    assert TASKSET.task("nothing") == Rejected("nothing", "tiny-programs has no such task")


def test_the_component_builds_the_taskset() -> None:
    built: Taskset = COMPONENT.build(COMPONENT.config(), None)  # type: ignore[arg-type]  # it asks nothing of its context
    assert built.ids("train") == TASKSET.ids("train")
