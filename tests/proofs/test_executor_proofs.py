"""The short form of the proofs about the sandbox: fewer programs, the same bounds."""

import asyncio
import importlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.repository


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "proofs"))
    return importlib.import_module


def test_programs_leave_the_executor_as_it_was(proof):
    found = asyncio.run(proof("executor_soak").soak(count=300, samples=3))
    assert [bound for bound, holds in found["holds"].items() if not holds] == [], found


def test_killing_parts_at_random_changes_no_verdict_and_leaves_nothing(proof):
    found = proof("executor_chaos").chaos(count=150)
    assert sum(found["kills"].values()) > 2
    assert [bound for bound, holds in found["holds"].items() if not holds and bound != "each part was killed"] == [], found
