"""What a proof leaves behind can be judged by a reader."""

import importlib.util
import json
import platform
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.repository


@pytest.fixture
def recording():
    specification = importlib.util.spec_from_file_location("record", REPOSITORY / "proofs" / "record.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_record_holds_commit_machine_seeds_and_numbers_but_no_name_of_the_machine(recording, tmp_path):
    path = recording.record("two-seeds", holds=True, seeds=[0, 1], numbers={"solve_rate": [0.5, 0.25]}, folder=tmp_path / "figures")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "two-seeds.json"
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?", found["commit"])
    assert found["machine"].keys() == {"cpu", "cores", "memory_gib", "python"}
    assert (found["holds"], found["seeds"], found["numbers"]) == (True, [0, 1], {"solve_rate": [0.5, 0.25]})
    assert platform.node() not in path.read_text(encoding="utf-8")


def test_an_unknown_proof_is_refused_with_those_that_there_are():
    done = subprocess.run(["make", "proof", "no-such-proof"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "found no proof 'no-such-proof', expected `make proof NAME`" in done.stderr
