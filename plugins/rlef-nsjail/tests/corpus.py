"""Read hostile programs: what each pretends to solve, under which limits, and what must become of it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import evolve, frozen

from rlef_core import CallCase, Case, FileCase, Limits, ScriptCase, StdioCase, Verdict

OWN = Path(__file__).parent / "hostile"
LIMITS = Limits(cpu_seconds=1.0, wall_seconds=3.0, memory_bytes=128_000_000, output_bytes=65536, processes=16)
PORT = "18099"
"""What programs call the port of the listener that they must not reach."""

_NUMBERS = (("123456789 987654321 5\n", "1111111115\n"), ("-4 70000000007 100\n", "70000000103\n"))
TASKS: Mapping[str, tuple[Case, ...]] = {
    "sum": tuple(StdioCase(*case) for case in _NUMBERS),
    "file": tuple(FileCase(*case, input_file="in.txt", output_file="out.txt") for case in _NUMBERS),
    "add": (CallCase("add", (2, 3), 5), CallCase("add", (-7, 900), 893)),
    "script": (ScriptCase("assert add(2, 3) == 5"), ScriptCase("assert add(-7, 900) == 893")),
}
_SHORT = {
    "AC": Verdict.ACCEPTED,
    "WA": Verdict.WRONG_ANSWER,
    "RE": Verdict.RUNTIME_ERROR,
    "TLE": Verdict.TIME_LIMIT,
    "MLE": Verdict.MEMORY_LIMIT,
    "OLE": Verdict.OUTPUT_LIMIT,
    "CE": Verdict.COMPILE_ERROR,
}
_ELSEWHERE = "multi-process profile:"


@frozen
class Hostile:
    """One program. `expected` are the verdicts that each of its cases may get; `multiprocess`: where programs may start processes,
    None where that makes no difference. `once`: it takes so long that one mode is enough."""

    name: str
    source: str
    cases: tuple[Case, ...]
    limits: Limits
    expected: frozenset[Verdict]
    multiprocess: frozenset[Verdict] | None = None
    once: bool = False

    @property
    def suffix(self) -> str:
        """Tells the language."""
        return Path(self.name).suffix


def read_corpus(folder: Path = OWN) -> tuple[Hostile, ...]:
    """Every program of a folder, by name. Raises ValueError for one that does not say what is expected of it."""
    return tuple(_program(path) for path in sorted(folder.iterdir()) if path.suffix in {".py", ".cpp", ".js"})


def _program(path: Path) -> Hostile:
    text = path.read_text("utf-8")
    words = dict(_words(text))
    if "expect" not in words:
        raise ValueError(f"{path.name} has no line `expect: VERDICT`, expected one among its first comments")
    source = text + "".join(piece * count for piece, count in json.loads(words.get("append", "[]")))
    limits = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", words.get("limits", ""))}
    for name in limits.keys() & {"memory_bytes", "output_bytes", "processes"}:
        limits[name] = int(limits[name])
    default, _, elsewhere = words["expect"].partition(_ELSEWHERE)
    elsewhere = words.get("expect(multiprocess)", elsewhere)
    return Hostile(
        name=path.name,
        source=source,
        cases=TASKS[words.get("task", "sum")],
        limits=evolve(LIMITS, **limits),
        expected=_verdicts(path, default),
        multiprocess=_verdicts(path, elsewhere) if elsewhere else None,
        once="once" in words,
    )


def _words(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.startswith(("#", "//")):
            return
        if found := re.match(r"(?:#|//) (\w+(?:\(\w+\))?): (.*)", line):
            yield found[1], found[2]


def _verdicts(path: Path, words: str) -> frozenset[Verdict]:
    """The words before the reason; either ours, or those of judges in short."""
    told = re.split(r"[(;,]", words)[0]
    known = {**_SHORT, **{verdict.value: verdict for verdict in Verdict}}
    found = frozenset(known[word] for word in re.findall(r"\w+", told) if word in known)
    if not found:
        raise ValueError(f"{path.name} expects {words!r}, expected one or more of {', '.join(known)}")
    return found
