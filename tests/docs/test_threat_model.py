"""What the threat model names as kept by a test is kept by one: every test, check and hostile program of the page exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlef_core.testing import ExecutorSuite

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "explanation" / "threat-model.md"
OWN = REPOSITORY / "plugins" / "rlef-nsjail" / "tests"
NAMED = re.compile(r"`([\w/.-]+)::(test_\w+)`")
PROGRAM = re.compile(r"`(hostile/[\w.]+)`")
ROW = re.compile(r"^\| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)

pytestmark = pytest.mark.repository


def functions_of(path: Path) -> set[str]:
    """The names of a file's functions, those of classes included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def promises() -> Iterator[tuple[str, str]]:
    """Each promise with what keeps it."""
    promised = PAGE.read_text(encoding="utf-8").partition("## What is promised")[2].partition("\n## ")[0]
    for promise, _, kept_by in ROW.findall(promised):
        if promise != "promise" and not promise.startswith("-"):
            yield promise, kept_by


def exists(place: str, name: str) -> bool:
    if place == "ExecutorSuite":
        return name in ExecutorSuite.checks
    path = next((path for path in (OWN / place, REPOSITORY / place) if path.exists()), None)
    return path is not None and name in functions_of(path)


def test_every_test_that_the_page_names_exists():
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [f"{place}::{name}" for place, name in named if not exists(place, name)] == []


def test_every_hostile_program_that_the_page_names_exists():
    named = PROGRAM.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 50
    assert [program for program in named if not (OWN / program).exists()] == []


def test_every_promise_names_what_keeps_it():
    found = dict(promises())
    assert len(found) > 20
    assert [promise for promise, kept_by in found.items() if not NAMED.search(kept_by) and not PROGRAM.search(kept_by)] == []
