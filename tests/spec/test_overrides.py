"""`--set key.path=value` changes a spec, and its faults are located there."""

from typing import Any

import pytest

from rlef_core.errors import SpecError
from rlef_core.spec import parse_spec

TEXT = "a: {b: 1, c: [10, {d: 2}]}\ne:\nf: word\n"


@pytest.mark.parametrize(
    ("override", "data"),
    [
        ("a.b=2", {"a": {"b": 2, "c": [10, {"d": 2}]}}),
        ("a.b='2'", {"a": {"b": "2", "c": [10, {"d": 2}]}}),
        ("a.c.1.d=3", {"a": {"b": 1, "c": [10, {"d": 3}]}}),
        ("a.c=[]", {"a": {"b": 1, "c": []}}),
        ("a={x: 1e-7}", {"a": {"x": 1e-7}}),
        ("a.b=", {"a": {"b": None, "c": [10, {"d": 2}]}}),
        ("e.g.h=1", {"e": {"g": {"h": 1}}}),
        ("new.block=x=y", {"new": {"block": "x=y"}}),
    ],
)
def test_an_override_replaces_or_adds_one_value(override: str, data: dict[str, Any]) -> None:
    before = {"a": {"b": 1, "c": [10, {"d": 2}]}, "e": None, "f": "word"}
    assert parse_spec(TEXT, overrides=[override]).data == before | data


def test_the_last_override_of_a_key_wins() -> None:
    assert parse_spec(TEXT, overrides=["f=1", "f=2"]).data["f"] == 2


def test_the_places_of_what_was_replaced_are_those_of_the_override() -> None:
    spec = parse_spec(TEXT, overrides=["a.c={z: 1}"])
    assert spec.values["a", "c", "z"].file == spec.keys["a", "c", "z"].file == spec.keys["a", "c"].file == "--set a.c"
    assert spec.values["a", "b"].line == 1
    assert ("a", "c", 0) not in spec.values


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("a.b", "--set: found 'a.b', expected key.path=value"),
        ("=3", "--set: found '=3', expected key.path=value"),
        ("a..b=3", "--set: found 'a..b=3', expected key.path=value"),
        ("f.g=3", "--set f.g: 'f' is 'word', expected a mapping or a list to set 'g' in"),
        ("a.c.2=3", "--set a.c.2: 'a.c' is a list of 2, expected an index from 0, found '2'"),
        ("a.c.x=3", "--set a.c.x: 'a.c' is a list of 2, expected an index from 0, found 'x'"),
        (
            "a.b=[1",
            "--set a.b:1:3: broken YAML: expected ',' or ']', but got '<stream end>' "
            "(while parsing a flow sequence, line 1)\n    [1\n      ^",
        ),
        ("a.b={x: 1, x: 2}", "--set a.b:1:8: the key 'x' is given twice, first in line 1 column 2\n    {x: 1, x: 2}\n           ^"),
    ],
)
def test_a_wrong_override_says_so(override: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(TEXT, overrides=[override])
    assert str(caught.value) == message


def test_a_fault_of_an_overridden_value_is_located_at_the_override(bench: Any) -> None:
    assert bench.shown(bench.good, "training.updates=many") == "--set training.updates: found 'many', expected a whole number"
    assert bench.shown(bench.good, "rollout.turn_limits=3").startswith("--set rollout.turn_limits: unknown key 'turn_limits'; did you mean")


def test_an_override_can_take_a_block_away(bench: Any) -> None:
    plan = bench.plan(bench.good, "evaluation=", "tasks.evaluation=")
    assert plan.evaluation is None
    assert list(plan.tasks) == ["train"]
