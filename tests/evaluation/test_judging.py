"""Judging outside of any run: what fails is named."""

import errno
import os

import attrs
import pytest

import rlef_core
from rlef_core import CallCase, CheckerRef, ComponentError, ExecutorFault, ExitCode, Limits, PluginError, Program, StdioCase
from rlef_core.builtin.python import LANGUAGE
from rlef_core.evaluation.judging import open_judge
from rlef_core.evaluation.submissions import LINES_AHEAD, judge_lines
from rlef_core.registry import discover

ONE = StdioCase("", "1")


def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process may open no more files."""

    def refuse(name: str, flags: int = 0) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)


def test_a_failure_of_the_executor_names_it(monkeypatch):
    no_files(monkeypatch)
    with pytest.raises(ComponentError, match=r"executor 'unsafe-subprocess' \(.* rlef-core .*failed in run: OSError") as raised:
        rlef_core.judge(Program("python", "print(1)"), [ONE], executor="unsafe-subprocess")
    assert raised.value.exit_code is ExitCode.COMPONENT


def test_a_language_that_is_not_there_is_an_error_of_plugins():
    with pytest.raises(PluginError, match=r"no plugin offers language 'pyhton', expected one of .*; did you mean 'python'"):
        rlef_core.judge(Program("pyhton", "print(1)"), [ONE], executor="unsafe-subprocess")


async def judged(judge, source, case=ONE, checker="tokens", language="python"):
    return await judge.judge(Program(language, source), [case], Limits(), CheckerRef(checker), stop_at_first_failure=True)


async def test_a_sandbox_that_loses_a_case_is_named():
    async with open_judge(discover(), "unsafe-subprocess") as judge:
        await judge.executor.close()
        with pytest.raises(ComponentError, match="executor 'unsafe-subprocess'") as raised:
            await judged(judge, "print(1)")
    assert isinstance(raised.value.__cause__, ExecutorFault)


async def test_a_run_that_a_checker_asks_for_names_the_executor_and_not_the_checker(monkeypatch):
    class Asking:
        async def check(self, case, output, run):
            no_files(monkeypatch)
            return bool(await run(rlef_core.Job(LANGUAGE, "", (rlef_core.CaseInput(),))))

    async with open_judge(discover(), "unsafe-subprocess") as opened:
        with pytest.raises(ComponentError, match=r"executor 'unsafe-subprocess' .*: OSError"):
            await judged(attrs.evolve(opened, checkers=lambda ref: Asking()), "print(1)")


async def test_what_no_sandbox_can_mend_keeps_the_exit_code_of_plugins():
    lost = attrs.evolve(LANGUAGE, tools=(attrs.evolve(LANGUAGE.tools[0], candidates=("lost-tool",)),))
    driverless = attrs.evolve(LANGUAGE, drivers={})
    async with open_judge(discover(), "unsafe-subprocess") as opened:
        judge = attrs.evolve(opened, languages={"lost": lost, "driverless": driverless})
        for language, said in (("lost", "install Debian's python3"), ("driverless", "no driver for 'call' cases")):
            with pytest.raises(ComponentError, match=said) as raised:
                await judged(judge, "def f(): pass", CallCase("f", (), None), language=language)
            assert raised.value.exit_code is ExitCode.PLUGIN
            assert isinstance(raised.value.__cause__, PluginError)


async def test_a_batch_goes_on_when_a_program_meets_a_failure_of_the_executor(monkeypatch):
    line = '{"id": 1, "language": "python", "source": "print(1)", "cases": [{"input": "", "output": "1"}]}'
    async with open_judge(discover(), "unsafe-subprocess") as judge:
        reports = judge_lines(judge, [line] * (LINES_AHEAD + 2), CheckerRef(), Limits(), workers=1)
        first = await anext(reports)
        no_files(monkeypatch)
        rest = [each async for each in reports]
    assert first.execution.accepted
    assert rest[-1].fault.startswith(f"line {LINES_AHEAD + 2}: executor 'unsafe-subprocess'")
    assert rest[-1].code is ExitCode.COMPONENT
