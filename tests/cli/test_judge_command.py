"""`rlef-core judge`, with the real sandbox."""

import errno
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main, progress
from rlef_core.registry import discover

SUM = "print(sum(map(int, input().split())))"
GOOD, BAD = {"input": "1 2", "output": "3"}, {"input": "1 2", "output": "4"}
Judge = Callable[..., Result]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Run the command on a program and cases, by the executor that needs naming."""

    def run(source: str, *cases: object, options: tuple[str, ...] = ()) -> Result:
        (tmp_path / "program.py").write_text(source)
        (tmp_path / "cases.jsonl").write_text("\n".join(case if isinstance(case, str) else json.dumps(case) for case in cases))
        words = ["judge", str(tmp_path / "program.py"), "--language", "python", "--cases", str(tmp_path / "cases.jsonl")]
        return CliRunner().invoke(main, [*words, "--use", "unsafe-subprocess", *options])

    return run


def test_a_right_program_is_accepted_with_exit_code_0(judge):
    done = judge(SUM, GOOD, GOOD)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "accepted"
    assert done.stdout.count("accepted") == 3


def test_a_wrong_program_has_exit_code_1_and_its_verdicts(judge):
    done = judge(SUM, GOOD, BAD, options=("--json",))
    assert done.exit_code == 1
    result = json.loads(done.stdout)
    assert result["verdict"] == "wrong_answer"
    assert result["fault"] is None
    assert [each["verdict"] for each in result["judgements"]] == ["accepted", "wrong_answer"]
    assert set(result["judgements"][0]) == {"verdict", "cpu_seconds", "wall_seconds", "peak_memory_bytes"}


def test_the_error_of_a_program_is_shown(judge):
    assert "ZeroDivisionError" in judge("1 // 0", GOOD).stdout


def test_every_kind_of_case_is_taken(judge):
    source = "def f(x): return x * 2\nif __name__ == '__main__':\n    open('out', 'w').write(open('in').read())"
    cases = (
        {"kind": "call", "function": "f", "arguments": [{"$tuple": [1]}], "value": {"$tuple": [1, 1]}},
        {"kind": "script", "code": "assert f(2) == 4"},
        {"kind": "file", "input": "a", "output": "a", "input_file": "in", "output_file": "out"},
    )
    done = judge(source, *cases, options=("--json",))
    assert done.exit_code == 0, done.output
    assert [each.get("self_reported", False) for each in json.loads(done.stdout)["judgements"]] == [False, True, False]


@pytest.mark.parametrize(
    ("source", "options", "verdict"),
    [
        ("while True: pass", ("--cpu-seconds", "0.3"), "time_limit"),
        ("import time; time.sleep(60)", ("--wall-seconds", "0.3"), "time_limit"),
        ("x = bytearray(200_000_000)", ("--memory-bytes", "100MB"), "memory_limit"),
        ("print(3.0000001)", ("--checker", "exact"), "wrong_answer"),
        ("print(3.0000001)", ("--checker", "floats"), "accepted"),
        ("x = bytearray(200_000_000)", ("--memory-bytes", "100mb"), "memory_limit"),
    ],
)
def test_limits_and_the_checker_can_be_chosen(judge, source, options, verdict):
    assert json.loads(judge(source, GOOD, options=(*options, "--json")).stdout)["verdict"] == verdict


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ((), "holds no cases"),
        (("", "  "), "holds no cases"),
        ((GOOD, '{"input": }'), "cases.jsonl:2: not JSON: expecting value at column 11"),
        ((GOOD, {"input": "1", "ouput": "1"}), "unknown field 'ouput', expected 'input', 'output'; did you mean 'output'"),
        ((GOOD, {"input": "1"}), "cases.jsonl:2: a stdio case lacks 'output'"),
    ],
)
def test_cases_that_cannot_be_read_are_a_usage_error(judge, cases, said):
    done = judge(SUM, *cases)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--checker", "tokenz"), 3, "tokens"),
        (("--language", "cobol"), 3, "cobol"),
        (("--use", "nsjial"), 3, "nsjial"),
        (("--memory-bytes", "much"), 2, "expected a number of bytes"),
        (("--memory-bytes", "0"), 2, "expected a whole number above 0, at most 1_000_000_000_000_000"),
        (("--memory-bytes", "99999999TB"), 2, "expected a whole number above 0, at most"),
        (("--wall-seconds", "nan"), 2, "expected a finite number above 0, at most 1_000_000"),
        (("--cpu-seconds", "inf"), 2, "expected a finite number above 0, at most 1_000_000"),
        (("--cpu-seconds", "-1"), 2, "expected a finite number above 0"),
        (("--cpu-seconds", "soon"), 2, "found 'soon', expected a number of seconds"),
        (("--batch", __file__), 2, "PROGRAM and --batch"),
    ],
)
def test_what_is_not_there_is_told(judge, options, code, said):
    done = judge(SUM, GOOD, options=options)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_cases_that_are_not_text_are_a_usage_error(judge, tmp_path):
    (tmp_path / "binary.jsonl").write_bytes(b'{"input": "\xff", "output": ""}')
    done = judge(SUM, GOOD, options=("--cases", str(tmp_path / "binary.jsonl")))
    assert (done.exit_code, "binary.jsonl:1: not UTF-8: invalid start byte at byte 12" in done.stderr) == (2, True), done.stderr


def test_a_line_separator_inside_of_a_text_ends_no_line(judge):
    assert judge("print(input())", json.dumps({"input": "a\u2028b", "output": "a\u2028b"}, ensure_ascii=False)).exit_code == 0


@pytest.mark.parametrize(
    ("given", "lacking"), [((), "--language and --cases"), (("--language", "python"), "--cases"), (("--cases", __file__), "--language")]
)
def test_the_option_that_a_program_lacks_is_named(given, lacking):
    done = CliRunner().invoke(main, ["judge", __file__, *given])
    assert (done.exit_code, done.stderr) == (2, f"error: PROGRAM needs {lacking}\n")


def test_a_self_reported_case_is_marked_in_the_table(judge):
    done = judge("", {"kind": "script", "code": "assert True"}, {"kind": "script", "code": "assert False"})
    assert re.findall(r"(\S+) \(self-reported\)", done.stdout) == ["accepted", "runtime_error"]


def test_seconds_are_told_to_the_microsecond(judge):
    (judgement,) = json.loads(judge(SUM, GOOD, options=("--json",)).stdout)["judgements"]
    assert judgement["cpu_seconds"] > 0
    assert all(judgement[key] == round(judgement[key], 6) for key in ("cpu_seconds", "wall_seconds"))


def test_what_the_executor_does_not_isolate_is_told_once(judge, batch):
    assert judge(SUM, GOOD, GOOD).stderr.count("isolates nothing") == 1
    assert batch(submission(1, SUM, GOOD), submission(2, SUM, GOOD)).stderr.count("isolates nothing") == 1


def test_without_an_executor_that_isolates_the_choice_is_shown(tmp_path):
    (tmp_path / "p.py").write_text(SUM)
    (tmp_path / "c.jsonl").write_text(json.dumps(GOOD))
    words = ["judge", str(tmp_path / "p.py"), "--language", "python", "--cases", str(tmp_path / "c.jsonl")]
    isolating = [f"--no-plugin={offered.origin.plugin}" for offered in discover().isolating_executors()]
    done = CliRunner().invoke(main, [*words, *isolating])
    assert done.exit_code == 3
    assert "`--use NAME`" in done.stderr
    assert "executor: {" not in done.stderr


def submission(id: object, source: str, *cases: object, **more: object) -> dict[str, object]:
    return {"id": id, "language": "python", "source": source, "cases": list(cases), **more}


def test_a_batch_is_answered_line_by_line_in_its_order(tmp_path):
    lines = [
        submission("slow", f"import time; time.sleep(0.5)\n{SUM}", GOOD),
        submission(2, SUM, GOOD, BAD),
        "not json",
        submission("empty", SUM),
        "",
        submission("cobol", SUM, GOOD, language="cobol"),
        submission("checker", SUM, GOOD, checker="nothing"),
        submission("odd", SUM, {"kind": "odd"}),
        {"id": "half"},
        submission("time", "while True: pass", GOOD, limits={"cpu_seconds": 0.2}),
        submission("crash", "1 // 0", GOOD),
        submission("limits", SUM, GOOD, limits={"cpu_second": 1}),
        submission("endless", SUM, GOOD, limits={"wall_seconds": float("inf")}),
    ]
    file = tmp_path / "submissions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    words = ["judge", "--batch", str(file), "--json", "--use", "unsafe-subprocess", "--workers", "2"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [
        "slow",
        2,
        None,
        "empty",
        "cobol",
        "checker",
        "odd",
        "half",
        "time",
        "crash",
        "limits",
        "endless",
    ]
    verdicts = {str(answer["id"]): answer["verdict"] for answer in answers if answer["fault"] is None}
    assert verdicts == {"slow": "accepted", "2": "wrong_answer", "time": "time_limit", "crash": "runtime_error"}
    faults = {str(answer["id"]): answer["fault"] for answer in answers if answer["fault"] is not None}
    assert faults["None"].startswith("line 3: ")
    assert "no program may pass unseen" in faults["empty"]
    assert "'cobol'" in faults["cobol"]
    assert "'nothing'" in faults["checker"]
    assert faults["half"] == "line 9: lacks 'language'"
    assert faults["limits"] == (
        "line 12: 'limits' has the unknown field 'cpu_second', expected "
        "'cpu_seconds', 'wall_seconds', 'memory_bytes', 'output_bytes', 'processes'; did you mean 'cpu_seconds' or 'wall_seconds'?"
    )
    assert faults["endless"] == "line 13: 'limits': 'wall_seconds': found inf, expected a finite number above 0, at most 1_000_000"
    assert all(answer["judgements"] == [] and answer["verdict"] is None for answer in answers if answer["fault"] is not None)
    assert all(set(answer) == {"id", "verdict", "judgements", "fault"} for answer in answers)


@pytest.fixture
def batch(tmp_path: Path) -> Judge:
    """Run the command on a file of submissions."""

    def run(*lines: object) -> Result:
        (tmp_path / "submissions.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return CliRunner().invoke(main, ["judge", "--batch", str(tmp_path / "submissions.jsonl"), "--json", "--use", "unsafe-subprocess"])

    return run


def test_a_batch_in_which_every_line_is_answered_has_exit_code_0(batch):
    assert batch(submission(1, SUM, GOOD), submission(2, SUM, BAD), submission(3, "1 // 0", GOOD)).exit_code == 0


@pytest.mark.parametrize("blank", ["", "\n  \n"])
def test_a_batch_without_a_submission_is_a_usage_error(tmp_path, blank):
    (tmp_path / "submissions.jsonl").write_text(blank)
    words = ["judge", "--batch", str(tmp_path / "submissions.jsonl"), "--json", "--use", "unsafe-subprocess"]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, "holds no submissions, expected at least one" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "line", [[], submission(2, SUM), submission(2, SUM, GOOD, language="cobol"), submission(2, SUM, GOOD, checker="no")]
)
def test_a_batch_with_a_line_that_cannot_be_judged_has_exit_code_2(batch, line):
    done = batch(line, submission(1, SUM, GOOD))
    assert (done.exit_code, len(done.stdout.splitlines())) == (2, 2)


def test_a_batch_in_which_the_sandbox_fails_has_exit_code_4_and_names_it_in_each_line(batch, monkeypatch):
    def refuse(name: str, flags: int = 0) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)
    done = batch(submission(1, SUM, GOOD), [], submission(3, SUM, GOOD))
    assert done.exit_code == 4
    faults = [json.loads(line)["fault"] for line in done.stdout.splitlines()]
    assert all("executor 'unsafe-subprocess' (plugin builtin" in faults[number] for number in (0, 2))


def test_the_progress_of_a_batch_is_told_on_standard_error(batch, monkeypatch):
    monkeypatch.setattr(progress, "_PLAIN_PERIOD", 0.1)
    done = batch(submission(1, SUM, GOOD), submission(2, f"import time; time.sleep(0.6)\n{SUM}", GOOD))
    assert "judging: 1/2 lines, 0 failed, " in done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]


def slow_batch(folder: Path) -> list[str]:
    """The argv of a batch of four programs that take a moment, one after the other."""
    file = folder / "submissions.jsonl"
    file.write_text("\n".join(json.dumps(submission(number, f"import time; time.sleep(0.4)\n{SUM}", GOOD)) for number in range(4)))
    return [sys.executable, "-m", "rlef_core", "judge", "--batch", str(file), "--json", "--use", "unsafe-subprocess", "--workers", "1"]


TERMINAL = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}


def test_answers_reach_a_pipe_while_the_terminal_shows_a_live_line(tmp_path):
    ours, theirs = pty.openpty()
    with subprocess.Popen(slow_batch(tmp_path), stdout=subprocess.PIPE, stderr=theirs, text=True, env=TERMINAL) as process:
        os.close(theirs)
        answers = [json.loads(line) for line in process.stdout]
        shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert [answer["id"] for answer in answers] == list(range(4))
    assert b"/4 lines" in shown
    assert b'"verdict"' not in shown


def test_answers_on_the_terminal_of_the_live_line_stand_on_lines_of_their_own(tmp_path):
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(slow_batch(tmp_path), stdout=theirs, stderr=theirs, env=TERMINAL):
        os.close(theirs)
        with suppress(OSError):  # the terminal's other side closed: the end of what was shown
            while chunk := os.read(ours, 1 << 16):
                shown += chunk
    os.close(ours)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()))
    assert [json.loads(line)["id"] for line in lines if line.startswith("{")] == list(range(4))
    assert any("/4 lines" in line for line in lines)


def test_a_batch_can_be_read_from_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words = [sys.executable, "-m", "rlef_core", "judge", "--batch", str(pipe), "--json", "--use", "unsafe-subprocess"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        pipe.write_text(json.dumps(submission(1, SUM, GOOD)))
        assert [json.loads(line)["id"] for line in process.stdout] == [1]
    assert process.returncode == 0


def test_a_batch_answers_while_its_file_is_read(tmp_path):
    count = 60
    file = tmp_path / "submissions.jsonl"
    file.write_text("\n".join(json.dumps(submission(number, SUM, GOOD)) for number in range(count)))
    words = [sys.executable, "-m", "rlef_core", "judge", "--batch", str(file), "--json", "--use", "unsafe-subprocess"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        answers = [json.loads(line) for line in process.stdout]
    assert process.returncode == 0
    assert [answer["id"] for answer in answers] == list(range(count))
    assert {answer["verdict"] for answer in answers} == {"accepted"}
