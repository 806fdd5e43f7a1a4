"""Put a plain request into the words of the harness."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict

from rlef_core import Limits
from rlef_core.sandbox import Request

CODE_BYTES = 256 << 20


def bare_request(limits: Limits, *, names: Sequence[str], source: str, filter: str) -> dict[str, Any]:
    """Run the file `source`, one of `names`, by the jail's interpreter without a driver."""
    figures = {**asdict(limits), "address_space_bytes": limits.memory_bytes + (1 << 30), "file_bytes": limits.output_bytes}
    return _words("fork", source, figures, names=list(names), filter=filter)


def case_request(
    request: Request,
    *,
    names: Sequence[str],
    variables: Mapping[str, str] | None,
    filter: str,
    grace: float,
    driver: str = "",
    program: str = "",
    built: bool = False,
    compiled: bool = False,
    stdin_file: bool = False,
) -> dict[str, Any]:
    """Run one case, or build.

    `variables`: the environment of a program that is executed, None for one that a fork runs. `grace`: how many times its time limit a
    program may run before it is ended.
    """
    limits = dict(request.limits)
    limits["cpu_seconds"] *= grace
    words = _words("fork" if variables is None else "exec", request.source, limits, names=list(names), filter=filter)
    if variables is not None:
        words.update(argv=request.argv, environment=dict(variables))
    return {
        **words,
        "stdin_file": stdin_file,
        "driver": driver,
        "program": program,
        "built": built,
        "compiled": compiled,
        "output_file": request.output_file,
        "keep": request.keep,
    }


def compile_request(limits: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Compile a Python program; its code is written to standard output."""
    return _words("compile", source, {**limits, "output_bytes": CODE_BYTES, "file_bytes": CODE_BYTES}, names=[source], filter="fork")


def _words(do: str, source: str, limits: Mapping[str, Any], *, names: list[str], filter: str) -> dict[str, Any]:
    return {
        "do": do,
        "source": source,
        "limits": limits,
        "names": names,
        "filter": filter,
        "stdin_file": False,
        "driver": "",
        "program": "",
        "built": False,
        "compiled": False,
        "output_file": "",
        "keep": False,
    }
