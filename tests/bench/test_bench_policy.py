"""`rlef-core bench policy`, with policies whose pace is known."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[1] / "plugins"
SHORT = ("--conversations", "3", "--tokens", "10", "--pairs", "3")


@pytest.fixture
def report(bench, spec):
    done = bench("policy", spec, *SHORT, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_every_turn_of_every_participant_is_told_with_all_its_pairs(report):
    assert list(report["measured"]) == ["paced", "slow", "brisk"]
    for figures in report["measured"].values():
        assert [len(figures[f"turn{turn}/tokens_per_second"]) for turn in (1, 2, 3)] == [3, 3, 3]
        assert {"whole/tokens_per_second", "whole/cpu_seconds_per_1k_tokens", "startup_seconds"} <= set(figures)
        assert figures["whole/short_answers"] == [0, 0, 0]
    ours = report["figures"]["paced"]["turn2/tokens_per_second"]
    assert 0 < ours["low"] <= ours["value"] <= ours["high"] < 30 / 0.02


def test_conversations_are_held_at_once_and_ratios_are_taken_pair_by_pair_against_the_first_baseline(report):
    assert report["against"] == "slow"
    assert "startup_seconds" not in report["ratios"]["paced"]  # it is not taken in pairs
    assert set(report["ratios"]) == {"paced", "brisk"}
    ours, theirs = (report["measured"][name]["whole/tokens_per_second"] for name in ("paced", "slow"))
    ratio = report["ratios"]["paced"]["whole/tokens_per_second"]
    assert ratio["value"] == pytest.approx(sorted(a / b for a, b in zip(ours, theirs, strict=True))[1], rel=1e-4)
    assert ratio["low"] <= ratio["value"] <= ratio["high"]


def test_the_goals_of_the_policy_are_judged(report):
    first, second = report["goals"]
    assert first["found"] == report["ratios"]["paced"]["whole/tokens_per_second"]["value"]
    assert (second["found"], second["met"]) == (report["figures"]["paced"]["turn1/tokens_per_second"]["value"], False)


def test_what_was_asked_and_the_machine_are_kept(report):
    asked = report["asked"]
    assert (asked["spec"]["name"], asked["conversations"], asked["tokens"], asked["turns"], asked["pairs"]) == ("paces", 3, 10, 3, 3)
    assert {"cores", "cpu", "python_version", "kernel", "load_average"} <= set(report["environment"])


def test_baselines_of_the_plugin_take_the_settings_they_share(bench, spec):
    done = bench("policy", spec, *SHORT, "--against", "brisk", "--set", "policy.longest=7", "--turns", "1", "--json")
    report = json.loads(done.stdout)
    assert list(report["measured"]) == ["paced", "brisk"]
    assert report["asked"]["settings"]["brisk"]["longest"] == 7
    assert [figures["whole/short_answers"] for figures in report["measured"].values()] == [[3, 3, 3]] * 2


def test_a_component_is_measured_beside_itself_with_other_settings(bench, spec):
    rivals = ("--against", "{use: paced, longest: 7}", "--against", "{use: slow, seconds: 0.001}")
    done = bench("policy", spec, *SHORT, *rivals, "--set", "policy.seconds=0.01", "--turns", "1", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert list(report["measured"]) == ["paced", "paced(longest=7)", "slow(seconds=0.001)"]
    settings = report["asked"]["settings"]
    assert [(each["seconds"], each["longest"]) for each in settings.values()] == [(0.01, 1000), (0.01, 7), (0.001, 1000)]
    assert report["against"] == "paced(longest=7)"
    assert [figures["whole/short_answers"][0] for figures in report["measured"].values()] == [0, 3, 0]


def test_without_json_there_are_tables_and_goals(bench, spec):
    done = bench("policy", spec, *SHORT, "--against", "slow", "--turns", "1")
    assert done.exit_code == 0, done.output
    assert "times that of slow (95 % interval)" in done.stdout
    assert "3 conversations of 1 turns at once, 10 tokens an answer, on" in done.stdout
    assert "goal for paced: whole/tokens_per_second at least 1.4 times that of slow: " in done.stdout
    warm_up = ["build: paced", "build: slow", "warm-up: paced", "warm-up: slow"]
    pairs = [
        f"pair {pair} of 3: {name}" for pair, names in enumerate(["slow paced", "paced slow", "slow paced"], 1) for name in names.split()
    ]
    assert done.stderr.split("\n") == [*warm_up, *pairs, ""]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--set", "policy.second=1"), 2, "did you mean 'seconds'"),
        (("--set", "policy.use=pased"), 3, "did you mean 'paced'"),
        (("--against", "slw"), 3, "did you mean 'slow'"),
        (("--against", "{use: slw, seconds: 1}"), 3, "did you mean 'slow'"),
        (("--against", "{use: slow, second: 1}"), 2, "--against:1:13: unknown key 'second'; did you mean 'seconds'"),
        (("--against", "{use: slow, seconds: fast}"), 2, "--against:1:22: found 'fast', expected a number"),
        (("--against", "{slow: 1}"), 2, "found '{slow: 1}', expected a block with 'use:' and a name"),
        (("--set", "policy.use=engineless"), 4, "failed in build: RuntimeError: no engine"),
        (("--set", "policy.lose=true"), 4, "failed in act: RuntimeError: lost"),
        (("--set", "tasks.train.split=empty"), 4, "split 'empty' is empty"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left_over(bench, spec, words, code, said):
    import pacemaker

    done = bench("policy", spec, *SHORT, *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert pacemaker.Pacing.built == pacemaker.Pacing.closed


def test_a_bench_that_is_terminated_leaves_nothing(spec, tmp_path):
    words = [sys.executable, "-m", "rlef_core", "bench", "policy", str(spec), *SHORT, "--set", "policy.seconds=60"]
    path = f"{PLUGINS}:{os.environ.get('PYTHONPATH', '')}"
    variables = {**os.environ, "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": path}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=variables, cwd=tmp_path) as running:
        while "warm-up" not in (line := running.stderr.readline()):
            assert line, "it ended before it began to measure"
        assert list(Path(tempfile.gettempdir()).iterdir()) != []
        running.terminate()
        assert running.communicate()[1] == "interrupted\n"
    assert running.returncode == 130
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
