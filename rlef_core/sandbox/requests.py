"""Turn a job's build, one of its cases or a look at a tool into one plain request: argv, environment, limits, files."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from rlef_core.errors import PluginError
from rlef_core.records import CaseInput, Job, Language, Limits, Tool

BINARY = "./program"
BUILD_CPU_SECONDS = 30.0
BUILD_MEMORY_BYTES = 4_000_000_000
BUILD_FILE_BYTES = 256_000_000
BUILD_PROCESSES = 64
FIXED_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
}


@frozen
class Request:
    """One run of one program in a folder of its own, which holds `files`; `keep` asks for the folder's files afterwards.

    `source` names the file that is run: the program's, or its driver's. `limits` holds `cpu_seconds`, `wall_seconds`, `memory_bytes`,
    `address_space_bytes`, `output_bytes` (of each stream), `file_bytes` and `processes`, threads included.
    """

    argv: tuple[str, ...]
    source: str
    environment: Mapping[str, str]
    limits: Mapping[str, Any]
    stdin: bytes = b""
    files: Mapping[str, bytes] = Factory(dict)
    output_file: str = ""
    keep: bool = False


def case(job: Job, case: CaseInput, places: Mapping[str, str], environment: Mapping[str, str]) -> Request:
    """Run one case. Raises ValueError for a file name with folders, PluginError for a kind of case without a driver."""
    language = job.language
    source, files = language.source_name, dict(case.files)
    if not language.build:
        files[language.source_name] = job.source.encode("utf-8", "surrogatepass")
    if (driver := language.drivers.get(case.kind.value)) is not None:
        source = language.driver_name
        files[source] = driver.encode()
    elif case.kind.value != "program":
        raise PluginError(_driverless(language, case.kind.value))
    for name in filter(None, (*files, case.output_file)):
        check_name(name)
    limits = _limits(job.limits, language)
    argv = _fill(language.run, source, places)
    return Request(argv, source, surroundings(language, environment), limits, case.stdin, files, case.output_file)


def build(job: Job, places: Mapping[str, str], environment: Mapping[str, str]) -> Request:
    """Build the program, under the job's limits or a compiler's usual needs, whichever is more."""
    language = job.language
    limits = {
        **_limits(job.limits, language),
        "cpu_seconds": max(job.limits.cpu_seconds, BUILD_CPU_SECONDS),
        "wall_seconds": max(job.limits.wall_seconds, 5 * BUILD_CPU_SECONDS),
        "memory_bytes": max(job.limits.memory_bytes, BUILD_MEMORY_BYTES),
        "address_space_bytes": max(job.limits.memory_bytes, BUILD_MEMORY_BYTES) + language.address_space_extra_bytes,
        "file_bytes": BUILD_FILE_BYTES,
        "processes": BUILD_PROCESSES,
    }
    argv = _fill(language.build, language.source_name, places)
    files = {language.source_name: job.source.encode("utf-8", "surrogatepass")}
    return Request(argv, language.source_name, surroundings(language, environment), limits, files=files, keep=True)


def look(path: str, tool: Tool, environment: Mapping[str, str]) -> Request:
    """Ask a tool for its version."""
    language = Language(tool.name, "", (), (tool,), address_space_extra_bytes=BUILD_MEMORY_BYTES)
    limits = _limits(Limits(processes=BUILD_PROCESSES), language)
    return Request((path, *tool.version_arguments), "", surroundings(language, environment), limits)


def surroundings(language: Language, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a program of the language gets; `environment` is what the executor was told to add."""
    return {**FIXED_ENVIRONMENT, **language.environment, **environment}


def check_name(name: str) -> None:
    """Raise ValueError unless `name` is the plain name of a file: no folder, no dot alone."""
    if not name or "/" in name or "\0" in name or name in {".", ".."}:
        raise ValueError(f"a case's file is named {name!r}, expected a plain file name without folders")


def _driverless(language: Language, kind: str) -> str:
    there = ", ".join(map(repr, sorted(language.drivers))) or "none"
    return (
        f"language {language.name!r} has no driver for {kind!r} cases (drivers: {there}): turn them into stdio or file cases, "
        "or use a plugin whose language has one"
    )


def _limits(limits: Limits, language: Language) -> dict[str, Any]:
    return {
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds,
        "memory_bytes": limits.memory_bytes,
        "address_space_bytes": limits.memory_bytes + language.address_space_extra_bytes,
        "output_bytes": limits.output_bytes,
        "file_bytes": limits.output_bytes + 1,
        "processes": limits.processes + language.threads - 1,
    }


def _fill(argv: tuple[str, ...], source: str, places: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(word.format_map({**places, "source": source, "binary": BINARY}) for word in argv)
