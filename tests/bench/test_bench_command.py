"""`rlef-core bench executor`, with real executors."""

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rlef_core.cli import main
from rlef_core.registry import discover

SHORT = ("--repeats", "2", "--seconds", "0.2", "--workers", "1")


def bench(*words: str) -> Result:
    return CliRunner().invoke(main, ["bench", "executor", *words])


def without_others() -> list[str]:
    """Leave out the plugins of other distributions that happen to be installed: their baselines would take their time."""
    return [f"--no-plugin={plugin.name}" for plugin in discover().plugins if plugin.distribution not in {"rlef-core", "rlef-wrong"}]


@pytest.fixture(scope="module")
def report():
    done = bench("--use", "unsafe-subprocess", "--against", "subprocess-per-case", "--json", "--load", "3", "--loaded", "1", *SHORT)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_every_figure_is_told_for_each_side_by_side(report):
    assert list(report["figures"]) == ["unsafe-subprocess", "subprocess-per-case"]
    ours, theirs = report["figures"].values()
    assert list(ours) == list(theirs)
    for name in ("mix/programs_per_second", "mix/cases_per_second", "mix/cpu_ms_per_case", "empty/p99_ms", "startup_ms"):
        assert 0 < ours[name]["low"] <= ours[name]["value"] <= ours[name]["high"]


def test_a_limit_of_cpu_time_is_not_fooled_by_load_and_one_of_wall_time_is(report):
    assert report["figures"]["unsafe-subprocess"]["false_verdicts"]["value"] == 0
    assert report["figures"]["subprocess-per-case"]["false_verdicts/3x"]["value"] == 1


def test_a_program_costs_more_than_its_own_instructions(report):
    assert report["own_cpu_ms"]["mix"] > report["program_cpu_ms"]["mix"] > 0.05
    for figures in report["figures"].values():
        assert figures["mix/cpu_ms_above_own"]["value"] > report["program_cpu_ms"]["mix"]
        assert figures["empty/cpu_ms_per_case"]["value"] > report["floor"]["cpu_ms"]


def test_the_raw_figures_and_the_machine_are_kept(report):
    measured = report["measured"]["unsafe-subprocess"]
    assert len(measured["startup_seconds"]) == 2
    assert [len(windows) for windows in measured["windows"].values()] == [2, 2]
    assert all(window["latencies"] for windows in measured["windows"].values() for window in windows)
    assert set(measured["loaded"]) == {"3"}
    assert {"cores", "cpu", "python_version", "kernel", "load_average"} <= set(report["environment"])


def test_without_json_there_is_a_table_with_every_baseline():
    isolating = [f"--no-plugin={offered.origin.plugin}" for offered in discover().isolating_executors()]
    done = bench("--use", "unsafe-subprocess", "--repeats", "1", "--seconds", "0.1", "--workers", "1", "--loaded", "0", *isolating)
    assert done.exit_code == 0, done.output
    assert "unsafe-subprocess ┃ subprocess-per-case" in done.stdout
    assert "mix/cpu_ms_per_case" in done.stdout
    assert "false_verdicts/" not in done.stdout
    assert "the floor, starting and awaiting `true`" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--use"),
        (("--use", "unsafe-subproces"), 3, "did you mean 'unsafe-subprocess'"),
        (("--use", "unsafe-subprocess", "--against", "subprocess-per-cases"), 3, "did you mean 'subprocess-per-case'"),
        (("--use", "unsafe-subprocess", "--seconds", "0"), 2, "--seconds"),
    ],
)
def test_what_is_not_there_is_told(words, code, said):
    done = bench(*words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


PLUGIN = """
from attrs import frozen
from rlef_core import Benchmark, Completed, Component, Goal, Offer, component, hookimpl

@frozen
class Config:
    pass

class Wrong:
    async def run(self, job):
        for index, case in enumerate(job.cases):
            yield Completed(index, 0, None, b"wrong", b"", 0.0, 0.0, 0)

    async def close(self):
        pass

wrong = component(name="wrong", summary="always wrong", config=Config, build=lambda config, context: Wrong())
away = Offer(unavailable="no tool")
absent = component(name="absent", summary="not here", config=Config, build=lambda config, context: 1 / 0, offers=lambda config: away)

@hookimpl
def rlef_register_executors():
    return [wrong]

@hookimpl
def rlef_register_benchmarks():
    goals = (Goal("wrong", "mix/cases_per_second", at_least=2, times="unsafe-subprocess"), Goal("wrong", "false_verdicts", at_most=0))
    return [Benchmark("executor", (absent,), goals), Benchmark("policy")]
"""


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin whose executor answers at once, and wrong."""
    (tmp_path / "wrong_plugin.py").write_text(textwrap.dedent(PLUGIN))
    info = tmp_path / "rlef_wrong-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: rlef-wrong\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[rlef]\nwrong = wrong_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("wrong")
def test_the_goals_that_a_plugin_sets_are_judged_and_what_cannot_run_is_left_out():
    done = bench("--use", "wrong", "--repeats", "1", "--seconds", "0.1", "--loaded", "0", *without_others())
    assert done.exit_code == 0, done.output
    assert "note: absent is left out: no tool" in done.stderr
    assert "goal for wrong: mix/cases_per_second at least 2 times that of unsafe-subprocess: " in done.stdout
    assert "goal for wrong: false_verdicts at most 0: 1, missed" in done.stdout


@pytest.mark.usefixtures("wrong")
def test_a_goal_whose_baseline_takes_no_part_is_not_measured():
    done = bench("--use", "wrong", "--against", "subprocess-per-case", "--repeats", "1", "--seconds", "0.1", "--loaded", "0")
    assert "times that of unsafe-subprocess: not measured" in done.stdout


@pytest.mark.usefixtures("wrong")
def test_what_cannot_run_here_is_refused_when_named():
    done = bench("--use", "wrong", "--against", "absent")
    assert (done.exit_code, "cannot run here: no tool" in done.stderr) == (3, True)


def test_the_benchmarks_of_a_plugin_are_asked_for_by_role():
    registry = discover()
    assert "subprocess-per-case" in {offered.component.name for offered in registry.baselines("executor")}
    assert "subprocess-per-case" not in {offered.component.name for offered in registry.baselines("policy")}
    assert "subprocess-per-case" not in registry.names("executor")
    assert registry.goals("executor", "subprocess-per-case") == ()
