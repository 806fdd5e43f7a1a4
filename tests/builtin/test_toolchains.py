"""A language whose tools are not there is told by `check`, with the package to install."""

import sys

import pytest
from click.testing import CliRunner

from rlef_core import Language, Limits, PluginError, StdioCase, Tool
from rlef_core.builtin import rlef_report_health
from rlef_core.cli import main
from rlef_core.sandbox import tools

SPEC = "name: some\nrun: {directory: run}\ntasks: {train: {use: tiny-programs}}\nexecutor: {use: unsafe-subprocess}\n"
SPEC += "feedback: {use: failing-cases}\npolicy: {use: scripted}\nrewards: [{use: rlef}]\noptimizer: {use: dry-run}\n"
SPEC += "training: {updates: 1, episodes_per_collection: 1, sequences_per_update: 1}\n"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without tools."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "STANDARD_PATH", str(tmp_path))
    return tmp_path


def test_check_names_the_packages_of_languages_that_cannot_be_used(bare):
    (bare / "spec.yaml").write_text(SPEC)
    done = CliRunner().invoke(main, ["check", str(bare / "spec.yaml")])
    assert done.exit_code == 0, done.output
    assert "note: language 'cpp' (builtin): g++ is not there; install Debian's g++\n" in done.stdout
    assert "note: language 'javascript' (builtin): node is not there; install Debian's nodejs\n" in done.stdout
    assert "language 'python'" not in done.stdout


def toolchains():
    return {finding.name: finding for finding in rlef_report_health() if finding.name.startswith("language ")}


def test_tools_that_are_there_work_and_are_told_by_their_place(bare):
    for name in ("g++", "nodejs"):
        (bare / name).touch(0o755)
    assert {finding.state for finding in toolchains().values()} == {"works"}
    assert toolchains()["language 'cpp'"].found == str(bare / "g++")


def test_a_file_that_cannot_be_run_is_no_tool(bare):
    (bare / "g++").touch(0o644)
    assert [name for name, finding in toolchains().items() if finding.state == "note"] == ["language 'cpp'", "language 'javascript'"]


async def test_judging_without_the_tool_says_what_to_install(bare, judged):
    with pytest.raises(PluginError, match=r"language 'cpp' needs 'g\+\+', .* install Debian's g\+\+"):
        await judged("cpp", "int main() {}", StdioCase("", ""), limits=Limits())


def test_a_tool_without_a_package_is_told_by_its_name():
    tool = Tool("frobc", ("no-such-frobc",))
    assert tools.absent(Language("frob", "a.frob", (), (tool, Tool("python", (sys.executable,))))) == [tool]
    assert tools.advice(tool) == "install frobc"
