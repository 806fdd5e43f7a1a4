"""The proof that two policies agree sees where they do not."""

import importlib
from pathlib import Path

import pytest

from rlef_core import Action, Episode, EpisodeId, Finish, Problem, Stop, Turn, VersionSpan

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.repository


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "proofs"))
    return importlib.import_module("vllm_agrees")


def played(*turns: tuple[tuple[int, ...], tuple[int, ...]]) -> Episode:
    """An episode of turns, each the new ids of its prompt and the ids of its answer."""
    made, before = [], ()
    for prompt, ids in turns:
        before += prompt
        action = Action("", before, ids, (0.0,) * len(ids), (VersionSpan(0, 1),), Finish.STOP)
        made.append(Turn((), action, None, None))
        before += ids
    return Episode(EpisodeId("train", 0, "sum", 0), Problem("sum", "Add.", "python", ()), tuple(made), None, Stop.TURN_LIMIT)


def test_the_specs_differ_in_the_policy_line_alone(proof, tmp_path):
    before = proof.SPEC.read_text(encoding="utf-8").splitlines()
    after = proof.swapped(proof.SPEC, tmp_path / "other.yaml").read_text(encoding="utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [(old.partition(":")[0], new) for old, new in changed] == [("policy", "policy: {use: transformers}")]


def test_equal_episodes_part_nowhere(proof):
    assert proof.part(played(((1, 2), (3, 4)), ((5,), (6,))), played(((1, 2), (3, 4)), ((5,), (6,)))) is None


def test_a_parting_holds_all_ids_before_it(proof):
    parting = proof.part(played(((1, 2), (3, 4)), ((5,), (6, 7))), played(((1, 2), (3, 4)), ((5,), (6, 8, 9))))
    assert (parting.before, parting.after, parting.sampled) == ((1, 2, 3, 4, 5, 6), ((7,), (8, 9)), True)


def test_other_feedback_is_no_parting_of_the_policies(proof):
    assert not proof.part(played(((1, 2), (3, 4)), ((5,), (6,))), played(((1, 2), (3, 4)), ((0,), (6,)))).sampled


def test_the_same_answer_with_another_verdict_is_no_parting_of_the_policies(proof):
    assert not proof.part(played(((1, 2), (3, 4))), played(((1, 2), (3, 4)), ((5,), (6,)))).sampled
