"""What the ablations make of the runs that they train."""

import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.repository


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "proofs"))
    return importlib.import_module("ablations_small")


def found(trained: float, **more: float) -> dict[str, object]:
    rates = {"base": 0.25, "trained": trained, "trained_single_turn": 0.5, **more}
    summary = {name: {"solve_rate": rate, "solve_rate_by_turn": [rate / 2, rate]} for name, rate in rates.items()}
    return {"seconds": 90.0, "tokens": 1000, "summary": {**summary, "blind_ceiling": 0.375}, "solve_rate_by_collection": [0.25]}


def test_every_spec_of_the_ablations_is_an_arm(proof):
    assert {path.stem for path in (REPOSITORY / "docs" / "specs" / "ablations").glob("*.yaml")} == set(proof.ARMS)


def test_an_arm_shows_mean_least_and_most_over_its_seeds(proof):
    arm = proof.of_arm({"0": found(0.5), "1": found(0.75)})
    assert arm["figures"]["feedback"] == arm["figures"]["as_trained"] == {"mean": 0.625, "least": 0.5, "most": 0.75}
    assert arm["figures"]["feedback_first_turn"] == {"mean": 0.3125, "least": 0.25, "most": 0.375}
    assert arm["figures"]["single_turn"]["mean"] == 0.5
    assert arm["seeds"]["1"]["seconds"] == 90.0


def test_an_arm_trained_without_feedback_is_compared_by_what_it_solves_with_it(proof):
    row = proof.figures(found(0.5, trained_true_feedback=0.75))
    assert (row["as_trained"], row["feedback"], row["feedback_first_turn"]) == (0.5, 0.75, 0.375)


def test_the_reference_arm_must_get_well_above_its_base(proof):
    assert proof.learned(found(0.5)["summary"])
    assert not proof.learned(found(0.49)["summary"])
