"""Converters of data sets, found by entry points."""

import json
from pathlib import Path

import pytest

from rlef_core import ComponentError, PluginError, Rejected, UsageError, task_from_json
from rlef_core.evaluation.convert import convert_file

MODULE = """
from rlef_core import Problem, StdioCase, Task
def convert(row):
    return Task(Problem(row["name"], "s", "python", (StdioCase("", ""),)), (StdioCase("", ""),))
"""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a distribution that offers a converter."""

    def installed(distribution: str, name: str, module: str, source: str = MODULE) -> None:
        folder = tmp_path / distribution
        info = folder / f"{distribution}-2.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[rlef.converters]\n{name} = {module}:convert\n")
        (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))

    return installed


def converted(tmp_path: Path, name: str, *rows: object) -> list[object]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    _, rejected = convert_file(name, source, target)
    lines = target.read_text().splitlines() if target.exists() else []
    return [*map(task_from_json, map(json.loads, lines)), *rejected]


def test_a_plugin_can_offer_a_converter_as_the_core_does(tmp_path, offer):
    offer("some-rows", "rows-of-some", "some_rows")
    (task,) = converted(tmp_path, "rows-of-some", {"name": "a"})
    assert task.problem.id == "a"
    (tmp_path / "out.jsonl").unlink()
    assert isinstance(converted(tmp_path, "mbpp", {})[0], Rejected)


def test_a_converter_that_is_not_there_is_told_with_what_is(tmp_path):
    with pytest.raises(PluginError, match=r"no converter 'mbbp', installed are .*mbpp.*; did you mean 'mbpp'"):
        converted(tmp_path, "mbbp")


def test_two_converters_of_one_name_are_both_named(tmp_path, offer):
    offer("first-rows", "twice", "first_rows")
    offer("second-rows", "twice", "second_rows")
    with pytest.raises(PluginError, match=r"'twice' is offered by .*(first|second)-rows 2.0.* and .*(first|second)-rows 2.0"):
        converted(tmp_path, "twice")


def test_a_converter_that_cannot_be_loaded_or_fails_is_named(tmp_path, offer):
    offer("torn-rows", "torn", "torn_rows", "import no_such_module")
    with pytest.raises(PluginError, match=r"distribution torn-rows 2.0.* cannot be loaded: ModuleNotFoundError"):
        converted(tmp_path, "torn")
    offer("odd-rows", "odd", "odd_rows")
    with pytest.raises(ComponentError, match=r"distribution odd-rows 2.0.* failed in convert: KeyError"):
        converted(tmp_path, "odd", {})


def test_a_row_that_is_no_json_is_told_with_its_line(tmp_path):
    with pytest.raises(UsageError, match=r"in\.jsonl:2: "):
        converted(tmp_path, "mbpp", {}, "{")
    assert not (tmp_path / "out.jsonl").exists()
