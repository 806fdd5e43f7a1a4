"""Rows of HumanEvalPack become tasks; a sample of its rows lies beside this file, under their licence."""

import json
import re
from pathlib import Path

import pytest

from rlef_core import CheckerRef, Program, Rejected, ScriptCase
from rlef_core.builtin.converters.humanevalpack import FIELDS, convert

ROWS = {row["task_id"]: row for row in map(json.loads, Path(__file__).with_name("humanevalpack.jsonl").read_text("utf-8").splitlines())}
JUDGED = [id for id in ROWS if id != "JavaScript/162"]


def changed(**changes):
    return {**ROWS["CPP/53"], **changes}


@pytest.mark.parametrize("id", JUDGED)
async def test_the_right_program_is_accepted_and_the_buggy_one_is_not(judge, id):
    task = convert(ROWS[id])
    cases = (*task.problem.public_cases, *task.private_cases)
    (wrong,) = task.wrong
    for source, accepted in ((task.reference, True), (wrong, False)):
        program = Program(task.problem.language, source)
        execution = await judge.judge(program, cases, task.limits, CheckerRef(), stop_at_first_failure=not accepted)
        assert execution.accepted is accepted, execution


async def test_a_row_that_needs_a_package_fails_and_names_it(judge):
    task = convert(ROWS["JavaScript/162"])
    execution = await judge.judge(
        Program("javascript", task.reference), task.private_cases, task.limits, CheckerRef(), stop_at_first_failure=True
    )
    assert b"Cannot find module 'js-md5'" in execution.judgements[0].error


def test_a_task_shows_the_examples_and_hides_the_tests_and_the_solutions():
    row = ROWS["Python/0"]
    task = convert(row)
    assert task.problem.id == "humanevalpack-python-0"
    assert (task.problem.statement, task.problem.starter_code) == (row["instruction"], row["prompt"])
    assert task.problem.public_cases == (ScriptCase(row["example_test"]),)
    assert task.private_cases == (ScriptCase(row["test"]),)
    assert row["canonical_solution"] not in repr(task.problem)


def test_cpp_starts_with_the_includes_that_its_solutions_need():
    task = convert(changed(declaration="#include<algorithm>\nint add(int x,int y){\n", prompt="#include<stdio.h>\nint add(int x,int y){\n"))
    assert task.problem.starter_code == "#include<algorithm>\n#include<stdio.h>\nint add(int x,int y){\n"


def test_examples_that_begin_inside_of_a_function_begin_with_the_first_whole_statement():
    (case,) = convert(ROWS["Python/119"]).problem.public_cases
    assert case.code.startswith("def check(match_parens):")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, "found None, expected an object of texts"),
        ([], "found \\[\\], expected an object of texts"),
        ({}, "lacks 'task_id'"),
        (dict.fromkeys(FIELDS[:-1], ""), "lacks 'test'"),
        (changed(prompt=3), "'prompt' is 3, expected text"),
        (changed(task_id="Rust/0"), "'task_id' is 'Rust/0', expected one such as 'Python/0', 'CPP/0', 'JavaScript/0'"),
        (changed(task_id="CPP"), "'task_id' is 'CPP'"),
        (changed(test=" \n"), "its 'test' is empty"),
    ],
)
def test_a_row_that_is_no_task_is_rejected_with_the_reason(row, reason):
    rejected = convert(row)
    assert isinstance(rejected, Rejected)
    assert re.search(reason, rejected.reason)
