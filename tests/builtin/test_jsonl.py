"""Tasks from a file, and files made from other data sets."""

import json
from pathlib import Path

import pytest

from rlef_core import CallCase, Limits, Rejected, RlefError, ScriptCase, Task
from rlef_core.builtin import jsonl
from rlef_core.builtin.converters.mbpp import case_of, convert
from rlef_core.builtin.jsonl import JsonlConfig
from rlef_core.builtin.jsonl.taskset import JsonlTasks
from rlef_core.evaluation.convert import convert_file


def row(id: str, **changes: object) -> dict[str, object]:
    case = {"input": "1", "output": "1"}
    return {"id": id, "statement": "s", "language": "python", "public_cases": [case], "private_cases": [case], **changes}


def tasks_of(path: Path, *lines: object) -> JsonlTasks:
    file = path / "tasks.jsonl"
    file.write_bytes(b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines))
    return JsonlTasks(file, {"python"})


def test_tasks_are_found_by_split_in_the_files_order(tmp_path):
    tasks = tasks_of(tmp_path, row("b", split="train"), row("a"), row("c", split="test"), b"", row("é", split="train"))
    assert list(tasks.ids("train")) == ["b", "a", "é"]
    assert list(tasks.ids("test")) == ["a", "c"]
    assert [tasks.task(id).problem.id for id in tasks.ids("train")] == ["b", "a", "é"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON: expecting property name enclosed in double quotes at column 2"),
        (b'{"id": "a"} b', "not JSON: extra data at column 13"),
        (b'{"id": "a', "not JSON: unterminated string starting at column 8"),
        (b"[1]", "no object with a text 'id'"),
        (b'{"id": 3}', "no object with a text 'id'"),
        (b'{"id": "\xff"}', "not UTF-8: invalid start byte at byte 9"),
        (b"[" * 100_000, ""),
        (row("x", split=3), "'split' is 3"),
    ],
)
def test_a_line_that_is_no_row_is_rejected_by_its_number(tmp_path, line, reason):
    tasks = tasks_of(tmp_path, row("a"), line, row("b"))
    assert list(tasks.ids("train")) == ["a", "line 2", "b"]
    rejected = tasks.task("line 2")
    assert isinstance(rejected, Rejected)
    assert "tasks.jsonl:2: " in rejected.reason
    assert reason in rejected.reason


def test_a_row_that_is_no_task_is_rejected_by_its_id_and_number(tmp_path):
    tasks = tasks_of(tmp_path, row("a"), row("b", language="cobol"), row("c", public_cases=[{"input": 1}]))
    assert tasks.task("b") == Rejected("b", f"{tmp_path}/tasks.jsonl:2: 'language' is 'cobol', expected one of the installed: python")
    assert "tasks.jsonl:3: a stdio case lacks 'output'" in tasks.task("c").reason


def test_a_row_may_have_limits_of_its_own(tmp_path):
    limits = {"cpu_seconds": 60, "memory_bytes": "1GiB"}
    tasks = tasks_of(tmp_path, row("a", limits=limits), row("b"), row("c", limits={"cpu": 1}), row("d", limits={"cpu_seconds": 0}))
    assert tasks.task("a").limits == Limits(cpu_seconds=60, memory_bytes=1 << 30)
    assert tasks.task("b").limits == Limits()
    assert "'limits' has the unknown field 'cpu'" in tasks.task("c").reason
    assert "'cpu_seconds': found 0" in tasks.task("d").reason


def test_a_second_row_of_one_id_is_rejected(tmp_path):
    tasks = tasks_of(tmp_path, row("a"), row("a"))
    assert list(tasks.ids("train")) == ["a", "line 2"]
    assert isinstance(tasks.task("a"), Task)
    assert "that of line 1 too" in tasks.task("line 2").reason


def test_lines_may_end_like_those_of_windows(tmp_path):
    tasks = tasks_of(tmp_path, json.dumps(row("a")).encode() + b"\r", row("b"))
    assert [tasks.task(id).problem.id for id in tasks.ids("train")] == ["a", "b"]


def test_an_empty_file_has_no_tasks(tmp_path):
    assert list(tasks_of(tmp_path).ids("train")) == []


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RlefError, match="is no file"):
        jsonl.COMPONENT.build(JsonlConfig(tmp_path / "none"), None)


MBPP = {
    "text": "Add.",
    "code": "def add(a, b):\r\n    return a + b",
    "task_id": 7,
    "test_setup_code": "",
    "test_list": ["assert add(1, 2) == 3", "assert add([1], [2]) == [1, 2]"],
    "challenge_test_list": ["assert add(add(1, 2), 3) == 6"],
}


def test_a_row_of_mbpp_becomes_a_task_whose_first_assertion_is_public():
    task = convert(MBPP)
    assert isinstance(task, Task)
    assert task.problem.id == "mbpp-7"
    assert task.problem.public_cases == (CallCase("add", (1, 2), 3),)
    assert task.private_cases == (CallCase("add", ([1], [2]), [1, 2]), ScriptCase("assert add(add(1, 2), 3) == 6"))
    assert task.limits == Limits(cpu_seconds=60.0, wall_seconds=300.0)
    assert task.reference == "def add(a, b):\n    return a + b"
    assert "assert add(1, 2) == 3" in task.problem.statement
    assert "[1, 2]" not in task.problem.statement


@pytest.mark.parametrize(
    ("assertion", "case"),
    [
        ("assert f(1) == 2", CallCase("f", (1,), 2)),
        ("assert (f(1)) == 2", CallCase("f", (1,), 2)),
        ("assert (f(-1, 'a', (1, {2})) == {1: None})", CallCase("f", (-1, "a", (1, {2})), {1: None})),
        ("assert f() == 0.1", CallCase("f", (), 0.1)),
    ],
)
def test_an_equation_of_a_call_and_literals_is_a_call(assertion, case):
    assert case_of(assertion) == case


@pytest.mark.parametrize(
    "assertion",
    [
        "assert f(1) == 1, 2",
        "assert f(1)",
        "assert not f(1)",
        "assert f(1) is None",
        "assert f(1) != 2",
        "assert 2 == f(1)",
        "assert f(x) == 1",
        "assert f(1) == g(1)",
        "assert f(a=1) == 1",
        "assert f(*[1]) == 1",
        "assert f(1) == 1 == 1",
        "assert a.f(1) == 1",
        "assert f(1) == 1; assert f(2) == 2",
        "assert int(f(1)) == f(1)",
        "assert f(",
        "assert f(1) == 1/3",
    ],
)
def test_any_other_assertion_is_a_script(assertion):
    assert case_of(assertion, "import math") == ScriptCase(f"import math\n{assertion}")


def test_a_row_with_one_assertion_is_rejected():
    assert "it has 1 assertion, " in convert({**MBPP, "test_list": ["assert add(1, 2) == 3"], "challenge_test_list": []}).reason


def test_a_row_that_is_none_of_mbpp_is_rejected():
    assert convert({"task_id": 1}).reason == "no row of MBPP: it lacks 'test_setup_code'"
    assert convert([]).reason == "no row of MBPP: found [], expected an object of texts and lists of assertions"
    assert convert({**MBPP, "code": None}).reason.startswith("no row of MBPP: found {")
    assert convert({**MBPP, "test_list": [1, 2]}).reason == "its 'text', 'test_setup_code' or an assertion is no text"


def test_a_converted_file_is_one_of_tasks(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(MBPP) + "\n\n" + json.dumps({"task_id": 8}) + "\n")
    written, rejected = convert_file("mbpp", source, target)
    assert (written, len(rejected)) == (1, 1)
    assert JsonlTasks(target, {"python"}).task("mbpp-7") == convert(MBPP)
    assert json.loads(target.read_text())["limits"] == {"cpu_seconds": 60.0, "wall_seconds": 300.0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
