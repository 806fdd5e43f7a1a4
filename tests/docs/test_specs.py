"""Every spec of docs/specs/ is right: `rlef-core check` would say so."""

from pathlib import Path

import pytest

import rlef_core

REPOSITORY = Path(__file__).parents[2]
SPECS = sorted((REPOSITORY / "docs" / "specs").glob("**/*.yaml"))
ABLATIONS = REPOSITORY / "docs" / "specs" / "ablations"

pytestmark = pytest.mark.repository


def test_there_are_specs_to_check():
    assert {spec.name for spec in SPECS} >= {"quickstart.yaml", "dry-run.yaml", "mbpp.yaml", "hub-model.yaml", "sft.yaml", "turn.yaml"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_of_the_documentation_is_right(spec, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    plan = rlef_core.check(spec)
    assert plan.name == spec.stem


@pytest.mark.parametrize(
    ("arm", "changed"),
    [
        ("credit-token", {"optimizer.credit": "token"}),
        ("credit-episode", {"optimizer.credit": "episode"}),
        ("single-turn", {"rollout.turn_limit": 1}),
        (
            "no-feedback",
            {"feedback.use": "none", "feedback.formatter.use": "failing-cases", "evaluation.feedback.true_feedback.use": "failing-cases"},
        ),
    ],
)
def test_an_arm_of_the_ablations_differs_from_the_reference_arm_in_one_thing(arm, changed, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    before, after = (flat(rlef_core.check(ABLATIONS / f"{name}.yaml").to_json()["spec"]) for name in ("turn", arm))
    found = {key: value for key, value in after.items() if before.get(key) != value}
    wordings = {key for key in found if key.startswith(("feedback.", "evaluation.feedback.")) and key not in changed}
    assert {key: value for key, value in found.items() if key not in wordings} == {
        **changed,
        "name": arm,
        "run.directory": f"runs/ablations/{arm}",
    }
    assert not wordings or "feedback.use" in changed


def flat(value, way=""):
    if not isinstance(value, dict):
        return {way: value}
    return {key: inner for word, item in value.items() for key, inner in flat(item, f"{way}.{word}" if way else word).items()}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_of_the_documentation_opens_with_a_comment_that_says_what_it_is_for(spec):
    assert spec.read_text(encoding="utf-8").startswith("# ")
