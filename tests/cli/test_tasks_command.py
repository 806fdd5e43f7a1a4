"""`rlef-core tasks`, with the real sandbox."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main, progress

SUM = "print(sum(map(int, input().split())))"
CANARY = "c4n4ry"


def row(id: str, **changes: object) -> dict[str, object]:
    public, private = {"input": "1 2", "output": "3"}, {"input": "2 2", "output": "4"}
    usual = {"statement": "add", "language": "python", "public_cases": [public], "private_cases": [private], "reference": SUM}
    return {"id": id, **usual, **changes}


Tasks = Callable[..., Result]


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    """Run `tasks WORD` on a spec whose tasks are these rows."""

    def run(word: str, rows: list[object], *words: str) -> Result:
        (tmp_path / "tasks.jsonl").write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in rows))
        spec = tmp_path / "spec.yaml"
        spec.write_text(
            f"name: some\ntasks: {{train: {{use: jsonl, path: {tmp_path}/tasks.jsonl}}}}\nexecutor: {{use: unsafe-subprocess}}\n"
        )
        return CliRunner().invoke(main, ["tasks", word, str(spec), *words])

    return run


def test_right_references_and_wrong_programs_that_fail_are_verified(tasks):
    done = tasks("verify", [row("a", wrong=["print(3)"]), row("b")])
    assert done.exit_code == 0, done.output
    assert done.stdout == "2 tasks, 3 programs run, 0 tasks failed, 0 rows rejected\n"


def test_a_planted_wrong_reference_is_named_with_its_case_and_verdict(tasks):
    done = tasks("verify", [row("good"), row("planted", reference="print(3)"), row("crash", reference="1 // 0")])
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "failed planted: the reference: private case 1 wrong_answer",
        "failed crash: the reference: public case 1 runtime_error, private case 1 runtime_error",
        "3 tasks, 3 programs run, 2 tasks failed, 0 rows rejected",
    ]


def test_the_limits_of_a_row_hold_for_its_reference(tasks):
    slow = f"import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n{SUM}"
    done = tasks("verify", [row("tight", reference=slow, limits={"cpu_seconds": 0.2}), row("wide", reference=slow)])
    assert done.stdout.splitlines() == [
        "failed tight: the reference: public case 1 time_limit, private case 1 time_limit",
        "2 tasks, 2 programs run, 1 tasks failed, 0 rows rejected",
    ]


def test_the_executor_that_fails_is_named(tasks, monkeypatch):
    def refuse(name: str, flags: int = 0) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)
    done = tasks("verify", [row("a")])
    assert done.exit_code == 4
    assert "error: executor 'unsafe-subprocess' (plugin builtin, distribution rlef-core" in done.stderr


def test_progress_is_told_on_standard_error(tasks, monkeypatch):
    monkeypatch.setattr(progress, "_PLAIN_PERIOD", 0.1)
    slow = f"import time; time.sleep(0.4)\n{SUM}"
    done = tasks("verify", [row("a", reference=slow), row("b", reference="1 // 0"), row("c", reference=slow)], "--workers", "1", "--json")
    assert "verifying: 2/3 tasks, 1 failed, " in done.stderr
    assert " programs/s, " in done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b", "c"]


def test_a_wrong_program_that_passes_is_named(tasks):
    done = tasks("verify", [row("weak", wrong=["print(0)", SUM])])
    assert done.exit_code == 1
    assert "failed weak: wrong program 2: accepted on every case" in done.stdout


def test_rejected_rows_are_named_and_counted(tasks):
    done = tasks("verify", [row("good"), "{", row("bare", private_cases=[])])
    assert done.exit_code == 0
    assert "rejected line 2: " in done.stdout
    assert "rejected bare: it has no private cases" in done.stdout
    assert "2 rows rejected" in done.stdout


def test_verification_as_json_is_one_line_a_row(tasks):
    done = tasks("verify", [row("good"), row("planted", reference="print(3)")], "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["id"], line["passed"]) for line in lines] == [("good", True), ("planted", False)]


def test_only_a_split_or_the_first_tasks_can_be_verified(tasks):
    rows = [row("a", split="train"), row("b", split="train"), row("c", split="test")]
    assert "1 tasks" in tasks("verify", rows, "--limit", "1").stdout
    assert "2 tasks" in tasks("verify", rows, "--split", "train").stdout
    assert "1 tasks" in tasks("verify", rows, "--set", "tasks.train.split=test").stdout
    done = tasks("verify", rows, "--split", "tset")
    assert done.exit_code == 2
    assert "no tasks of split 'tset'" in done.stderr


def test_an_empty_file_of_tasks_is_told(tasks):
    done = tasks("verify", [])
    assert (done.exit_code, "found no tasks" in done.stderr) == (2, True)


def test_tasks_are_listed_with_their_cases(tasks):
    done = tasks("list", [row("a"), "{"])
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.split() == ["a", "python", "1", "1"]
    assert second.startswith("line 2  ")
    assert json.loads(tasks("list", [row("a")], "--json").stdout) == {
        "id": "a",
        "language": "python",
        "public_cases": 1,
        "private_cases": 1,
    }


def test_a_task_is_shown_without_its_private_cases_unless_asked_for(tasks):
    rows = [row("a", private_cases=[{"input": CANARY, "output": CANARY}], reference=CANARY, wrong=[CANARY])]
    assert CANARY not in tasks("show", rows, "a").output
    shown = json.loads(tasks("show", rows, "a", "--private").stdout)
    assert shown["private_cases"] == [{"input": CANARY, "output": CANARY}]
    assert shown["reference"] == CANARY


def test_a_task_that_is_not_there_is_a_usage_error(tasks):
    done = tasks("show", [row("a")], "b")
    assert (done.exit_code, "no task 'b'" in done.stderr) == (2, True)


def test_a_data_set_is_converted_and_its_tasks_verified(tmp_path, tasks):
    rows = [
        {
            "text": "Double.",
            "code": "def double(x):\r\n    return x * 2",
            "task_id": 1,
            "test_setup_code": "",
            "test_list": ["assert double(2) == 4", "assert double('a') == 'aa'", "assert int(double(1)) == 2"],
            "challenge_test_list": [],
        },
        {"task_id": 2},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = CliRunner().invoke(main, ["tasks", "convert", "mbpp", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")])
    assert done.exit_code == 0, done.output
    assert "1 tasks written" in done.stdout
    assert "1 rows rejected" in done.stdout
    converted = (tmp_path / "out.jsonl").read_text().splitlines()
    assert tasks("verify", list(converted)).exit_code == 0
