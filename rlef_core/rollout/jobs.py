"""Put a program and its cases into jobs for a sandbox: inputs, and nothing of what is expected."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import evolve, frozen

from rlef_core.errors import PluginError
from rlef_core.misses import did_you_mean
from rlef_core.records import (
    CallCase,
    Case,
    CaseInput,
    CaseKind,
    FileCase,
    Job,
    Language,
    Limits,
    Program,
    ScriptCase,
    StdioCase,
    encode_value,
)


@frozen
class Part:
    """Cases that one job runs; `first` is the index of their first among all that are judged."""

    job: Job
    cases: Sequence[Case]
    first: int = 0


def parts_for(program: Program, cases: Sequence[Case], limits: Limits, languages: Mapping[str, Language]) -> list[Part]:
    """The jobs that run `cases` in order: one, unless a script must be built with the program and so needs one of its own.

    Raises PluginError for a language that is not there.
    """
    framed = [_is_framed(case, _known(program.language, languages)) for case in cases]
    starts = [index for index in range(len(cases)) if index == 0 or framed[index] or framed[index - 1]]
    return [
        Part((_framed_job if framed[first] else job_for)(program, cases[first:end], limits, languages), cases[first:end], first)
        for first, end in pairwise([*starts, len(cases)])
    ]


def job_for(program: Program, cases: Sequence[Case], limits: Limits, languages: Mapping[str, Language]) -> Job:
    """What the sandbox is asked for: inputs without expected outputs, and time as the language needs it. Raises PluginError."""
    language = _known(program.language, languages)
    factor = language.time_factor
    scaled = evolve(limits, cpu_seconds=limits.cpu_seconds * factor, wall_seconds=limits.wall_seconds * factor)
    return Job(language, program.source, tuple(map(_input, cases)), scaled)


def script_token(case: ScriptCase) -> str:
    """What a script's driver writes when every assertion held; no program can write it by chance."""
    return hashlib.sha256(b"rlef-core script\0" + case.code.encode()).hexdigest()


def _is_framed(case: Case, language: Language) -> bool:
    return isinstance(case, ScriptCase) and bool(language.build) and "script" in language.drivers


def _framed_job(program: Program, cases: Sequence[Case], limits: Limits, languages: Mapping[str, Language]) -> Job:
    """One script, built as one program with what it asserts about."""
    (case,) = cases
    assert isinstance(case, ScriptCase)
    parts = {"{source}": program.source, "{code}": case.code}
    # In one pass, so that a mark inside of a part is left alone.
    source = re.sub("|".join(map(re.escape, parts)), lambda mark: parts[mark[0]], languages[program.language].drivers["script"])
    return job_for(Program(program.language, source), [StdioCase(script_token(case), "")], limits, languages)


def _known(name: str, languages: Mapping[str, Language]) -> Language:
    if name not in languages:
        known = ", ".join(sorted(languages))
        raise PluginError(f"no plugin offers language {name!r}, expected one of {known}{did_you_mean(name, languages)}")
    return languages[name]


def _input(case: Case) -> CaseInput:
    match case:
        case StdioCase():
            return CaseInput(stdin=_bytes(case.input))
        case CallCase():
            request: dict[str, Any] = {"function": case.function, "arguments": list(case.arguments), "setup": case.setup}
            return CaseInput(CaseKind.CALL, encode_value(request))
        case ScriptCase():
            return CaseInput(CaseKind.SCRIPT, encode_value({"code": case.code, "token": script_token(case)}))
        case FileCase(input_file=""):
            return CaseInput(stdin=_bytes(case.input), output_file=case.output_file)
        case FileCase():
            return CaseInput(files={case.input_file: _bytes(case.input)}, output_file=case.output_file)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
