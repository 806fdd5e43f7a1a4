"""`rlef-core tasks`, with the real sandbox."""

import errno
import json
import os
import re
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
    assert done.stdout == "2 tasks, 3 programs run, 0 tasks failed, 0 without a reference, 0 rows rejected\n"


def test_a_planted_wrong_reference_is_named_with_its_case_and_verdict(tasks):
    done = tasks("verify", [row("good"), row("planted", reference="print(3)"), row("crash", reference="1 // 0")])
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "failed planted: the reference: private case 1 wrong_answer",
        "failed crash: the reference: public case 1 runtime_error, private case 1 runtime_error",
        "3 tasks, 3 programs run, 2 tasks failed, 0 without a reference, 0 rows rejected",
    ]


def test_the_limits_of_a_row_hold_for_its_reference(tasks):
    slow = f"import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n{SUM}"
    done = tasks("verify", [row("tight", reference=slow, limits={"cpu_seconds": 0.2}), row("wide", reference=slow)])
    assert done.stdout.splitlines() == [
        "failed tight: the reference: public case 1 time_limit, private case 1 time_limit",
        "2 tasks, 2 programs run, 1 task failed, 0 without a reference, 0 rows rejected",
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


def test_rejected_rows_are_named_and_counted_and_make_it_no(tasks):
    done = tasks("verify", [row("good"), "{", row("bare", private_cases=[])])
    assert done.exit_code == 1
    assert "rejected line 2: " in done.stdout
    assert "rejected bare: it has no private cases" in done.stdout
    assert "2 rows rejected" in done.stdout


@pytest.mark.parametrize("rows", [["{", "{"], [row("a", reference=None), row("b", reference=None, wrong=["print(0)"])]])
def test_tasks_without_a_reference_to_run_are_not_verified(tasks, rows):
    done = tasks("verify", rows)
    assert done.exit_code == 1
    assert "nothing was verified: no task has a reference to run" in done.stdout


def test_tasks_without_a_reference_among_others_are_counted(tasks):
    done = tasks("verify", [row("a"), row("b", reference=None)])
    assert done.exit_code == 0, done.output
    assert done.stdout == "2 tasks, 1 program run, 0 tasks failed, 1 without a reference, 0 rows rejected\n"


@pytest.mark.parametrize("words", [("verify",), ("verify", "--json")])
def test_what_the_executor_does_not_isolate_is_told_once(tasks, words):
    done = tasks(words[0], [row("a")], *words[1:])
    assert done.stderr.count("isolates nothing") == 1


def test_verification_as_json_is_one_line_a_row(tasks):
    done = tasks("verify", [row("good"), row("planted", reference="print(3)")], "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["id"], line["passed"]) for line in lines] == [("good", True), ("planted", False)]


def test_only_a_split_or_the_first_tasks_can_be_verified(tasks):
    rows = [row("a", split="train"), row("b", split="train"), row("c", split="test")]
    assert "1 task," in tasks("verify", rows, "--limit", "1").stdout
    assert "2 tasks" in tasks("verify", rows, "--split", "train").stdout
    assert "1 task," in tasks("verify", rows, "--set", "tasks.train.split=test").stdout
    done = tasks("verify", rows, "--split", "tset")
    assert done.exit_code == 2
    assert "no tasks of split 'tset'" in done.stderr


def test_an_empty_file_of_tasks_is_told(tasks):
    done = tasks("verify", [])
    assert (done.exit_code, "found no tasks" in done.stderr) == (2, True)


def test_tasks_are_listed_with_their_cases(tasks):
    done = tasks("list", [row("a"), "{", row("a-longer-name", public_cases=[row("x")["public_cases"][0]] * 12)])
    assert done.exit_code == 0
    assert [re.sub(r"/\S*/", "", line) for line in done.stdout.splitlines()] == [
        "id             language  public cases  private cases",
        "a              python    1             1",
        "line 2         rejected: tasks.jsonl:2: not JSON: expecting property name enclosed in double quotes at column 2",
        "a-longer-name  python    12            1",
    ]
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
    assert done.stdout == f"1 task written to {tmp_path}/out.jsonl, 1 row rejected\n"
    assert done.stderr == f"rejected {tmp_path}/in.jsonl:2: no row of MBPP: it lacks 'test_setup_code'\n"
    converted = (tmp_path / "out.jsonl").read_text().splitlines()
    assert tasks("verify", list(converted)).exit_code == 0


def convert(*words: object) -> Result:
    return CliRunner().invoke(main, ["tasks", "convert", "mbpp", *map(str, words)])


@pytest.mark.parametrize(
    ("rows", "said"),
    [("", "found no rows, in "), ('{"task_id": 1}\n[]\n', "found 2 rows, of which none is a task, in "), ("{", "in.jsonl:1: ")],
)
def test_a_conversion_without_a_task_leaves_the_target_as_it_was(tmp_path, rows, said):
    (tmp_path / "in.jsonl").write_text(rows)
    (tmp_path / "out.jsonl").write_text("precious")
    done = convert(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert (tmp_path / "out.jsonl").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_conversion_into_a_folder_that_is_not_there_is_a_usage_error(tmp_path):
    (tmp_path / "in.jsonl").write_text("{}")
    done = convert(tmp_path / "in.jsonl", tmp_path / "none" / "out.jsonl")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: cannot write '{tmp_path}/none/out.jsonl': No such file or directory")


def test_a_binary_file_is_no_data_set(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b"{}\n\x80\x81")
    done = convert(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert (done.exit_code, done.stderr) == (2, f"error: {tmp_path}/in.jsonl:2: not UTF-8: invalid start byte at byte 1\n")
