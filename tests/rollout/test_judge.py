"""From what a sandbox saw to verdicts, and what the sandbox is told."""

from collections.abc import AsyncIterator

import attrs
import pytest

from rlef_core import (
    CallCase,
    CaseKind,
    CheckerRef,
    Completed,
    ExecutorFault,
    FileCase,
    Job,
    LimitHit,
    Limits,
    Program,
    RlefError,
    ScriptCase,
    StdioCase,
    Tool,
    Verdict,
    decode_value,
)
from rlef_core.builtin.checkers import Tokens
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.rollout.jobs import job_for, script_token
from rlef_core.rollout.judge import KEPT_BYTES, Judge

SUM = "print(sum(map(int, input().split())))"
SIX, SEVEN = StdioCase("1 2 3", "6"), StdioCase("1 2 3", "7")
COMPILED = attrs.evolve(LANGUAGE, name="compiled", build=("{python}", "{source}"))
LANGUAGES = {"python": LANGUAGE, "compiled": COMPILED}


def completed(case: int | None = 0, **changes: object) -> Completed:
    usual = Completed(case, 0, None, b"6\n", b"", 0.1, 0.2, 1000)
    return attrs.evolve(usual, **changes)


class Replaying:
    """An executor that yields what it was given, and counts what was taken and whether it was closed."""

    def __init__(self, *seen: Completed) -> None:
        self.seen = seen
        self.taken = 0
        self.closed = False

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        try:
            for each in self.seen:
                self.taken += 1
                yield each
        finally:
            self.closed = True

    async def close(self) -> None:
        pass


async def judged(executor, *cases, stop=False, language="python", source=SUM):
    judge = Judge(executor, lambda ref: Tokens(), LANGUAGES)
    return await judge.judge(Program(language, source), cases, Limits(), CheckerRef(), stop_at_first_failure=stop)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.ACCEPTED),
        ({"stdout": b"7"}, Verdict.WRONG_ANSWER),
        ({"exit_code": 1}, Verdict.RUNTIME_ERROR),
        ({"exit_code": None, "signal": 11}, Verdict.RUNTIME_ERROR),
        ({"exit_code": 1, "limit": LimitHit.OUTPUT}, Verdict.OUTPUT_LIMIT),
        ({"exit_code": None, "signal": 9, "limit": LimitHit.TIME}, Verdict.TIME_LIMIT),
        ({"exit_code": None, "signal": 9, "limit": LimitHit.WALL}, Verdict.TIME_LIMIT),
        ({"limit": LimitHit.MEMORY}, Verdict.MEMORY_LIMIT),
    ],
)
async def test_the_gravest_thing_seen_is_the_verdict(changes, verdict):
    execution = await judged(Replaying(completed(**changes)), SIX)
    assert execution.verdict is verdict
    assert execution.accepted is (verdict is Verdict.ACCEPTED)


async def test_a_build_that_fails_is_one_compile_error():
    execution = await judged(Replaying(completed(None, exit_code=2, stderr=b"no such word")), SIX, SEVEN, language="compiled")
    assert [(each.case, each.verdict, each.error) for each in execution.judgements] == [(0, Verdict.COMPILE_ERROR, b"no such word")]


async def test_a_build_that_works_is_no_judgement():
    execution = await judged(Replaying(completed(None, stdout=b""), completed(0)), SIX, language="compiled")
    assert [each.verdict for each in execution.judgements] == [Verdict.ACCEPTED]


async def test_judging_stops_at_the_first_failure_by_closing_the_run():
    executor = Replaying(completed(0), completed(1), completed(2))
    execution = await judged(executor, SIX, SEVEN, SIX, stop=True)
    assert [each.verdict for each in execution.judgements] == [Verdict.ACCEPTED, Verdict.WRONG_ANSWER]
    assert (executor.taken, executor.closed) == (2, True)


async def test_without_stopping_every_case_is_judged():
    execution = await judged(Replaying(completed(0), completed(1), completed(2)), SIX, SEVEN, SIX)
    assert [each.verdict.accepted for each in execution.judgements] == [True, False, True]


async def test_no_case_is_an_error_and_never_a_pass():
    with pytest.raises(RlefError, match="no cases"):
        await judged(Replaying(), stop=True)


async def test_a_case_that_the_executor_lost_is_a_fault():
    with pytest.raises(ExecutorFault, match="1 of 2"):
        await judged(Replaying(completed(0)), SIX, SIX)


async def test_what_is_kept_of_outputs_is_the_head_and_of_errors_the_tail():
    long = completed(stdout=b"a" + b"x" * 99_999, stderr=b"x" * 99_999 + b"z")
    (judgement,) = (await judged(Replaying(long), SIX)).judgements
    assert (len(judgement.output), judgement.output[:1]) == (KEPT_BYTES, b"a")
    assert (len(judgement.error), judgement.error[-1:]) == (KEPT_BYTES, b"z")


async def test_a_script_is_accepted_by_its_token_and_marked_as_self_reported():
    case = ScriptCase("assert f(1) == 1")
    for output, verdict in ((script_token(case), Verdict.ACCEPTED), ("passed", Verdict.WRONG_ANSWER), ("", Verdict.WRONG_ANSWER)):
        (judgement,) = (await judged(Replaying(completed(stdout=output.encode())), case)).judgements
        assert (judgement.verdict, judgement.self_reported) == (verdict, True)


async def test_a_checker_may_run_programs_of_its_own():
    class Running:
        async def check(self, case, output, run) -> bool:
            (one,) = await run(job_for(Program("python", SUM), [SIX], Limits(), LANGUAGES))
            return one.stdout == output

    judge = Judge(Replaying(completed()), lambda ref: Running(), LANGUAGES)
    assert (await judge.judge(Program("python", SUM), [SIX], Limits(), CheckerRef(), stop_at_first_failure=True)).accepted


def test_a_job_holds_no_expected_output():
    canary = "c4n4ry"
    cases = [StdioCase("1", canary), CallCase("f", (1,), canary), FileCase("1", canary, "in", "out"), FileCase("1", canary)]
    job = job_for(Program("python", SUM), cases, Limits(), LANGUAGES)
    assert canary not in repr(job)


def test_each_kind_of_case_becomes_an_input():
    cases = [
        StdioCase("é\udc80", ""),
        CallCase("f", ((1, 2), {3}), None, "import math"),
        ScriptCase("assert True"),
        FileCase("text", "", "in.txt", "out.txt"),
        FileCase("text", "", output_file="out.txt"),
    ]
    stdio, call, script, file, half = job_for(Program("python", SUM), cases, Limits(), LANGUAGES).cases
    assert (stdio.kind, stdio.stdin) == (CaseKind.PROGRAM, b"\xc3\xa9\x80")
    assert decode_value(call.stdin) == {"function": "f", "arguments": [(1, 2), {3}], "setup": "import math"}
    assert decode_value(script.stdin) == {"code": "assert True", "token": script_token(cases[2])}
    assert (call.kind, script.kind) == (CaseKind.CALL, CaseKind.SCRIPT)
    assert (file.stdin, dict(file.files), file.output_file) == (b"", {"in.txt": b"text"}, "out.txt")
    assert (half.stdin, dict(half.files), half.output_file) == (b"text", {}, "out.txt")


def test_a_slow_language_gets_more_time():
    slow = attrs.evolve(LANGUAGE, time_factor=2.5)
    job = job_for(Program("python", SUM), [SIX], Limits(cpu_seconds=2, wall_seconds=10), {"python": slow})
    assert (job.limits.cpu_seconds, job.limits.wall_seconds) == (5.0, 25.0)


async def test_every_kind_of_case_is_judged_by_the_real_sandbox():
    source = """
import sys
def double(x):
    print("noise")
    return (x, x * 2)
if __name__ == "__main__":
    try:
        text = open("in.txt").read()
        open("out.txt", "w").write(text * 2)
    except OSError:
        print(sum(map(int, sys.stdin.read().split())))
"""
    cases = (
        SIX,
        SEVEN,
        CallCase("double", (2,), (2, 4)),
        CallCase("double", (2,), [2, 4]),
        ScriptCase("assert double(3)[1] == 6"),
        ScriptCase("assert double(3)[1] == 7"),
        FileCase("ab", "abab", "in.txt", "out.txt"),
        FileCase("ab", "ab", "in.txt", "out.txt"),
    )
    executor = SubprocessExecutor(2, 61000)
    try:
        execution = await judged(executor, *cases, source=source)
    finally:
        await executor.close()
    assert [each.verdict.value for each in execution.judgements] == [
        "accepted",
        "wrong_answer",
        "accepted",
        "wrong_answer",
        "accepted",
        "runtime_error",
        "accepted",
        "wrong_answer",
    ]


CHEATS = [
    "class Sly:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\ndef f(): return Sly()",
    "import sys\ndef f():\n    for n in range(9):\n        print(sys._getframe(n).f_locals)",
    "import os\nfor n in range(1, 99):\n    try: os.write(n, b'42')\n    except OSError: pass\nos._exit(0)",
    "import builtins\nbuiltins.eval = lambda *_: (lambda: 42.5)\ndef f(): return 1",
    "raise SystemExit(0)",
    "import sys\nprint(42)\nsys.exit()",
]


@pytest.mark.parametrize("source", CHEATS)
async def test_a_call_cannot_be_passed_without_the_value(source):
    executor = SubprocessExecutor(1, 61000)
    secret = CallCase("f", (), 4242)
    try:
        execution = await judged(executor, secret, source=source)
    finally:
        await executor.close()
    assert not execution.accepted


def test_the_python_tool_names_what_to_install():
    assert isinstance(LANGUAGE.tools[0], Tool)
    assert LANGUAGE.tools[0].debian_package == "python3"
