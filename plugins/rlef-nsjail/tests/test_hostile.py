"""Hostile programs get the verdict they deserve, the program after them notices nothing, and nothing of them is left."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rlef_nsjail import cgroups

from .as_user import UID
from .corpus import read_corpus

pytestmark = pytest.mark.repository

HERE = Path(__file__).parent
AT_ONCE = 2
MOST_SECONDS = 900
CORPUS = read_corpus()


def modes() -> dict[str, list[str]]:
    """Every way to run the corpus here, as options of `run_hostile.py`; the first runs also what is to be run once only."""
    users = {"root": [], "user": ["--user"]} if os.geteuid() == 0 else {"user": []}
    groups = {"cgroups": [], "no-cgroup": ["--no-cgroup"]} if cgroups.find("auto").version else {"no-cgroup": ["--no-cgroup"]}
    profiles: dict[str, list[str]] = {"": [], "-multiprocess": ["--multiprocess"]}
    return {
        f"{user}-{group}{profile}": [*users[user], *groups[group], *profiles[profile]]
        for profile in profiles
        for user in users
        for group in groups
    }


MODES = modes()
FIRST = next(iter(MODES))
RUNS = [
    (mode, program.name)
    for mode in MODES
    for program in CORPUS
    if (program.multiprocess if "multiprocess" in mode else mode == FIRST or not program.once)
]


class Runs:
    """One process for each mode, a few at once."""

    def __init__(self, pool: ThreadPoolExecutor, cache: Path, wanted: Mapping[str, list[str]]) -> None:
        self._running = {mode: pool.submit(self._run, mode, names, cache) for mode, names in wanted.items()}

    def of(self, mode: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What became of each program, and what was found at the end."""
        running: Future[tuple[Mapping[str, Any], Mapping[str, Any]]] = self._running[mode]
        return running.result()

    def _run(self, mode: str, names: list[str], cache: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        own = ["--cache", str(cache)] if mode.startswith("user") else []
        argv = [sys.executable, str(HERE / "run_hostile.py"), "--json", *own, *MODES[mode], "--only", *names]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
        assert done.returncode in {0, 1}, done.stderr
        try:
            *lines, last = map(json.loads, done.stdout.splitlines())
        except ValueError:
            raise AssertionError(done.stdout + done.stderr) from None
        return {line["name"]: line for line in lines}, {**last, "warnings": done.stderr}


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Runs the programs that this session's tests ask for."""
    wanted: dict[str, list[str]] = {}
    for item in request.session.items:
        asked = item.callspec.params if item.path == request.path and hasattr(item, "callspec") else {}
        if "mode" in asked:
            wanted.setdefault(asked["mode"], []).extend([asked["name"]] if "name" in asked else [])
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(AT_ONCE) as pool:
        Path(cache).chmod(0o755)
        if os.geteuid() == 0:
            os.chown(cache, UID, UID)
        yield Runs(pool, Path(cache), wanted)


@pytest.mark.parametrize(("mode", "name"), RUNS)
def test_a_hostile_program_gets_its_verdict_and_the_next_program_is_accepted(runs: Runs, mode: str, name: str) -> None:
    outcome = runs.of(mode)[0][name]
    assert not outcome["faults"], outcome["said"]
    assert len(outcome["verdicts"]) == 2 or outcome["verdicts"] == ["compile_error"]


@pytest.mark.parametrize("mode", MODES)
def test_no_process_file_connection_or_secret_is_left(runs: Runs, mode: str) -> None:
    found = runs.of(mode)[1]
    assert (found["processes"], found["files"], found["connections"], found["told the secret"]) == ([], [], [], [])


@pytest.mark.parametrize("mode", MODES)
def test_no_program_costs_a_jail(runs: Runs, mode: str) -> None:
    found = runs.of(mode)[1]
    assert "executor/jails_lost" not in found, found["warnings"]


@pytest.mark.parametrize("mode", MODES)
def test_jails_have_control_groups_where_the_mode_says_so(runs: Runs, mode: str) -> None:
    assert ("cgroup v" in runs.of(mode)[1]["isolation"]) != ("no-cgroup" in mode)


def test_the_corpus_covers_what_it_must() -> None:
    assert len(CORPUS) >= 65
    assert len({program.source for program in CORPUS}) == len(CORPUS)
    assert {program.suffix for program in CORPUS} == {".py", ".cpp", ".js"}
