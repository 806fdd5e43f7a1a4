"""`rlef-core doctor` on installed plugins, each in another state."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from rlef_core import Health
from rlef_core.registry import PluginInfo, probed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KEYS = ["plugin", "distribution", "version", "name", "state", "works", "needed", "found", "advice"]


@pytest.fixture
def doctor(installed: Callable[..., Path], strangers: Callable[[], Iterable[str]]) -> Run:
    """`doctor(("rlef-greeter", ...), "--json")` runs the command with these distributions of tests/dists, and no other plugins."""

    def run(names: Iterable[str], *options: str) -> "subprocess.CompletedProcess[str]":
        site = installed(*names)
        left_out = [word for name in strangers() for word in ("--no-plugin", name)]
        command = [sys.executable, "-m", "rlef_core", "doctor", *left_out, *options]
        environment = {**os.environ, "PYTHONPATH": f"{site}:{os.environ.get('PYTHONPATH', '')}"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def findings(done: "subprocess.CompletedProcess[str]", plugin: str) -> Mapping[str, Mapping[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(done.stdout) if finding["plugin"] == plugin}


def test_where_all_that_is_needed_works_the_exit_code_is_0(doctor: Run) -> None:
    done = doctor(["rlef-greeter"])
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("rlef-core (rlef-core ")
    start = lines.index("greeter (rlef-greeter 1.2.0)")
    assert lines[start + 1 : start + 3] == ["  works  plugin  loaded from rlef_greeter", "  works  hello   /usr/bin/hello"]
    assert lines[-1].startswith("all that is needed works")
    assert done.stderr == ""


def test_the_machine_is_looked_at_with_what_to_do_below_each_note(doctor: Run) -> None:
    machine = findings(doctor((), "--json"), "builtin")
    assert {"system", "python", "processors", "openmp", "memory", "shared memory", "disk", "cache", "open files"} < set(machine)
    assert all(finding["advice"] for finding in machine.values() if finding["state"] == "note")


def test_a_plugin_whose_report_raises_is_named_and_the_others_report(doctor: Run) -> None:
    done = doctor(["rlef-unwell", "rlef-greeter"])
    assert done.returncode == 1
    assert "  does not work  unwell  rlef_report_health raised OSError: the doctor is on holiday" in done.stdout
    assert "      report it to the makers of rlef-unwell\n" in done.stdout
    assert "  works  hello   /usr/bin/hello\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("does not work: unwell (unwell); notes: ")


def test_plugins_that_take_no_part_are_told_with_the_reason_and_what_to_do(doctor: Run) -> None:
    done = doctor(["rlef-greeter", "rlef-missing-import", "rlef-from-the-future"], "--json", "--no-plugin", "greeter")
    assert done.returncode == 1
    told = {finding["distribution"]: finding for finding in json.loads(done.stdout) if finding["name"] == "plugin"}
    assert told["rlef-missing-import"]["state"] == told["rlef-from-the-future"]["state"] == "does not work"
    assert told["rlef-missing-import"]["found"].startswith("broken: importing rlef_missing_import raised ModuleNotFoundError")
    assert told["rlef-from-the-future"]["found"].startswith("incompatible: it requires ")
    assert "--no-plugin" in told["rlef-missing-import"]["advice"]
    assert (told["rlef-greeter"]["state"], told["rlef-greeter"]["advice"]) == ("note", "")


def test_what_a_plugin_requires_and_is_not_installed_does_not_work(doctor: Run) -> None:
    patient = findings(doctor(["rlef-patient"], "--json"), "patient")
    lacking = patient["requirement 'a-distribution-that-nobody-has>=2'"]
    assert lacking["state"] == "does not work"
    assert lacking["found"] == "a-distribution-that-nobody-has is not installed"


def test_two_plugins_with_one_name_are_a_note(doctor: Run) -> None:
    done = doctor(["rlef-jail-one", "rlef-jail-two"], "--json")
    assert done.returncode == 0, done.stdout
    conflict = findings(done, "rlef-core")["conflict"]
    assert conflict["state"] == "note"
    assert "leave all but one out" in conflict["found"]


def test_without_probe_nothing_is_tried(doctor: Run) -> None:
    done = doctor(["rlef-patient"])
    assert "  works          heart " in done.stdout
    assert "  note           glasses " in done.stdout
    assert "      read less\n" in done.stdout
    assert "ouch" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("only looked at, not tried: 3 (--probe tries)")


def test_a_probe_takes_the_place_of_its_finding_and_what_it_prints_does_not_spoil_the_json(doctor: Run) -> None:
    done = doctor(["rlef-patient"], "--json", "--probe")
    assert done.returncode == 1
    patient = findings(done, "patient")
    assert list(patient["heart"]) == KEYS
    assert (patient["heart"]["works"], patient["heart"]["found"], patient["heart"]["advice"]) == (False, "it stopped", "call a doctor")
    assert "OSError: the patient ran away" in patient["legs"]["found"]
    assert patient["tongue"]["found"] == "the probe of 'tongue' returned 'aah', expected Health"
    assert (patient["glasses"]["state"], patient["glasses"]["needed"]) == ("note", False)
    assert "trying heart (patient)\nouch\n" in done.stderr
    assert "a cry from deeper down\n" in done.stderr


def test_a_finding_without_a_probe_stays_as_it_is() -> None:
    finding = Health("hands", True, "two")
    assert probed(PluginInfo("patient", "rlef-patient", "0.1.0", "rlef_patient"), finding) is finding
