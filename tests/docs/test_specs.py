"""Every spec of docs/specs/ is right: `rlef-core check` would say so."""

import re
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


CODE_CONTESTS = [REPOSITORY / "docs" / "specs" / f"code-contests-{size}.yaml" for size in ("8b", "70b")]


@pytest.mark.parametrize("spec", CODE_CONTESTS, ids=lambda spec: spec.name)
def test_each_setting_of_a_spec_for_gpus_is_the_papers_or_marked_as_ours(spec):
    lines = spec.read_text(encoding="utf-8").splitlines()
    marked = re.compile(r"#.*\[(P [0-9A., ]+|ours)\]")
    free = ("name:", "directory:")
    settings = [line.strip() for line in lines if re.match(r" *(- )?[a-z_]+: *[^ #]", line)]
    assert len(settings) > 40
    assert [line for line in settings if not (marked.search(line) or line.startswith(free))] == []


@pytest.mark.parametrize(("spec", "updates"), [*zip(CODE_CONTESTS, (12_000, 8_000), strict=True)], ids=lambda each: str(each)[-8:])
def test_a_spec_for_gpus_has_what_the_paper_states(spec, updates, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    found = flat(rlef_core.check(spec).to_json()["spec"])
    stated = {
        "rollout.turn_limit": 3,
        "rollout.sampling.temperature": 1.0,
        "rollout.sampling.top_p": 1.0,
        "training.updates": updates,
        "training.episodes_per_collection": 1024,
        "training.sequences_per_update": 256,
        "optimizer.weight_decay": 0.1,
        "optimizer.warmup_updates": 50,
        "optimizer.kl_coefficient": 0.05,
        "optimizer.kl_in": "reward",
        "optimizer.credit": "turn",
        "optimizer.gamma": 1.0,
        "optimizer.clip_low": 0.2,
        "optimizer.clip_high": 0.2,
        "optimizer.value_clip": 0.2,
        "evaluation.every": 800,
        "evaluation.sampling.temperature": 0.2,
        "evaluation.sampling.top_p": 0.95,
    }
    assert {key: found[key] for key in stated} == stated
    assert rlef_core.check(spec).evaluation.turn_limit in (None, 3)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_of_the_documentation_opens_with_a_comment_that_says_what_it_is_for(spec):
    assert spec.read_text(encoding="utf-8").startswith("# ")
