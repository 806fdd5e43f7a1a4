"""Every spec of docs/specs/ is right: `rlef-core check` would say so."""

from pathlib import Path

import pytest

import rlef_core

REPOSITORY = Path(__file__).parents[2]
SPECS = sorted((REPOSITORY / "docs" / "specs").glob("*.yaml"))

pytestmark = pytest.mark.repository


def test_there_are_specs_to_check():
    assert {spec.name for spec in SPECS} >= {"quickstart.yaml", "dry-run.yaml", "mbpp.yaml", "hub-model.yaml"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_of_the_documentation_is_right(spec, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    plan = rlef_core.check(spec)
    assert plan.name == spec.stem


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_of_the_documentation_opens_with_a_comment_that_says_what_it_is_for(spec):
    assert spec.read_text(encoding="utf-8").startswith("# ")
