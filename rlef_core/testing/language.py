"""Check a language: its record fits together, and real programs of it are built, run, fed and called as it says."""

import string
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from attrs import frozen

from rlef_core import CaseInput, CaseKind, Completed, Executor, Job, Language, Limits, decode_value, encode_value
from rlef_core.testing.suite import Suite, needs, promise

VALUES: tuple[Any, ...] = (
    0,
    -7,
    2**40,
    0.5,
    True,
    False,
    None,
    "",
    "Grüße \u2028 \U0001f600 \"'\\\n",
    [],
    [1, [2, [3]]],
    {"a": [1, {"b": None}]},
)
TOKEN = "the-token-of-this-check"  # no secret: a script's driver gives it back
RUNTIMES = ("exec", "cpython")
LIMITS = Limits(cpu_seconds=20, wall_seconds=120)


@frozen
class Samples:
    """Programs of the language. Those of `call` and `script` are needed only where the language has the driver.

    `echo` copies standard input to standard output byte by byte; `fails` ends with an exit code other than 0; `broken` is no program;
    `identity` defines a function `identity` that returns its argument; `holds` and `breaks` are scripts on `identity` whose assertions
    hold and do not.
    """

    echo: str
    fails: str
    broken: str
    identity: str = ""
    holds: str = ""
    breaks: str = ""


class LanguageSuite(Suite):
    """The checks of a language; the fixtures to write are `language`, `samples` (programs of it), and an `executor` to run them on."""

    calls_functions: bool = promise("cases may call a function of the program: the language has a driver for `call`")
    runs_scripts: bool = promise("cases may be scripts of assertions: the language has a driver for `script`")

    @pytest.fixture
    def language(self) -> Language:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("language", "a Language"))

    @pytest.fixture
    def samples(self) -> Samples:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("samples", "Samples: programs of the language"))

    @pytest.fixture
    def executor(self) -> Executor:
        """Stands in for the author's."""
        raise NotImplementedError(self.fixture_wanted("executor", "an Executor to run the samples on"))

    @pytest_asyncio.fixture(loop_scope="function")
    async def sandbox(self, executor: Executor) -> AsyncIterator[Executor]:
        """The executor, closed at the end."""
        yield executor
        await executor.close()

    def test_every_word_of_its_commands_is_known(self, language: Language) -> None:
        known = {"source", "binary", *(tool.name for tool in language.tools)}
        asked = {name for word in (*language.build, *language.run) for _, name, _, _ in string.Formatter().parse(word) if name is not None}
        assert asked <= known, f"the commands hold {sorted(asked - known)}, expected only {sorted(known)}"
        assert language.run, "the language has no command to run a program"
        assert not {name for name in known if name in ("source", "binary")} & {tool.name for tool in language.tools}

    def test_a_program_is_run_from_its_source_or_from_what_was_built(self, language: Language) -> None:
        asked = " ".join(language.run)
        assert "{source}" in asked or "{binary}" in asked, f"run is {language.run}, expected '{{source}}' or '{{binary}}' in it"
        assert language.build or "{binary}" not in asked, "run names '{binary}', but nothing builds one"

    def test_every_tool_says_how_it_is_found_and_what_to_install(self, language: Language) -> None:
        assert language.tools, "the language needs no tool, expected an interpreter or a compiler"
        for tool in language.tools:
            assert tool.candidates, f"tool {tool.name!r} has no candidates"
            assert tool.debian_package, f"tool {tool.name!r} names no Debian package, which a message could tell a user to install"

    def test_its_figures_and_names_fit(self, language: Language) -> None:
        assert language.source_name.strip("/"), f"found source_name {language.source_name!r}, expected a file name"
        assert "/" not in language.source_name, f"found source_name {language.source_name!r}, expected a plain file name"
        assert language.runtime in RUNTIMES, f"found runtime {language.runtime!r}, expected one of {RUNTIMES}"
        figures = (language.threads, language.time_factor, language.address_space_extra_bytes + 1)
        assert min(figures) > 0, f"found threads, time_factor {figures[:2]}, expected numbers above 0"
        assert language.fences, "the language has no fences, so that no answer could hold a program of it"
        assert all(fence == fence.strip().lower() and fence for fence in language.fences), f"found fences {language.fences}"
        kinds = {kind.value for kind in CaseKind}
        assert set(language.drivers) <= kinds, f"found drivers {sorted(language.drivers)}, expected some of {sorted(kinds)}"
        beside = language.drivers and not language.build  # where there is a build, the driver of scripts is a frame and no file
        assert not beside or language.driver_name not in ("", language.source_name), "the drivers need a file name of their own"

    async def test_a_program_reads_its_input_and_writes_the_same_bytes(
        self, sandbox: Executor, language: Language, samples: Samples
    ) -> None:
        inputs = (b"", b"one\n", "Grüße\n".encode(), b"x" * 100_000)
        completed = await ran(sandbox, language, samples.echo, [CaseInput(stdin=text) for text in inputs])
        for each, text in zip(completed, inputs, strict=True):
            assert each.succeeded, f"`echo` failed on {text[:20]!r}: {each.stderr[-500:]!r}"
            assert each.stdout == text, f"`echo` wrote {each.stdout[:50]!r} for {text[:50]!r}"

    async def test_a_program_that_fails_has_its_exit_code(self, sandbox: Executor, language: Language, samples: Samples) -> None:
        (completed,) = await ran(sandbox, language, samples.fails, [CaseInput()])
        assert completed.exit_code, f"`fails` ended with exit code {completed.exit_code}, expected another than 0"

    async def test_what_is_no_program_is_refused_with_a_message(self, sandbox: Executor, language: Language, samples: Samples) -> None:
        job = Job(language, samples.broken, (CaseInput(),), LIMITS)
        (completed,) = [each async for each in sandbox.run(job)]
        assert (completed.case is None) == bool(language.build), f"found case {completed.case} for `broken`"
        assert completed.exit_code, f"`broken` was taken for a program: {completed}"
        assert completed.stderr.strip(), "`broken` was refused without a message on standard error"

    @needs("calls_functions")
    async def test_a_function_gets_and_gives_values(self, sandbox: Executor, language: Language, samples: Samples) -> None:
        requests = [encode_value({"function": "identity", "arguments": [value], "setup": ""}) for value in VALUES]
        completed = await ran(sandbox, language, samples.identity, [CaseInput(CaseKind.CALL, request) for request in requests])
        for each, value in zip(completed, VALUES, strict=True):
            assert each.succeeded, f"calling `identity` with {value!r} failed: {each.stderr[-500:]!r}"
            found = decode_value(each.stdout)
            assert (found, type(found)) == (value, type(value)), f"`identity` returned {found!r} for {value!r}"

    @needs("calls_functions")
    async def test_a_function_that_is_not_there_is_a_failure(self, sandbox: Executor, language: Language, samples: Samples) -> None:
        request = encode_value({"function": "nowhere", "arguments": [], "setup": ""})
        (completed,) = await ran(sandbox, language, samples.identity, [CaseInput(CaseKind.CALL, request)])
        assert not completed.succeeded, f"calling a function that is not there succeeded: {completed}"

    @needs("runs_scripts")
    async def test_a_script_gives_its_token_only_when_every_assertion_holds(
        self, sandbox: Executor, language: Language, samples: Samples
    ) -> None:
        holds, breaks = [await scripted(sandbox, language, samples.identity, code) for code in (samples.holds, samples.breaks)]
        assert (holds.succeeded, holds.stdout) == (True, TOKEN.encode()), f"`holds` failed: {holds}"
        assert TOKEN.encode() not in breaks.stdout, "a script whose assertion broke gave its token"
        assert not breaks.succeeded


async def ran(executor: Executor, language: Language, source: str, cases: Sequence[CaseInput]) -> list[Completed]:
    """What became of each case; the build, where there is one, must have succeeded."""
    assert source, "the sample is empty: give `samples` a program for this check, or switch its promise off"
    completed = [each async for each in executor.run(Job(language, source, tuple(cases), LIMITS))]
    if language.build:
        built = completed.pop(0)
        assert (built.case, built.succeeded) == (None, True), f"building failed: {built.stderr[-500:]!r}"
    return completed


async def scripted(executor: Executor, language: Language, source: str, code: str) -> Completed:
    """What became of a script: under its driver, or built with the program by the frame."""
    if language.build:
        framed = language.drivers["script"].replace("{source}", source).replace("{code}", code)
        (completed,) = await ran(executor, language, framed, [CaseInput(stdin=TOKEN.encode())])
    else:
        request = encode_value({"code": code, "token": TOKEN})
        (completed,) = await ran(executor, language, source, [CaseInput(CaseKind.SCRIPT, request)])
    return completed
