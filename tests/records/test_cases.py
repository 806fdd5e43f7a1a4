"""Cases and tasks as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import (
    ByteSize,
    CallCase,
    CheckerRef,
    DataError,
    FileCase,
    Limits,
    Problem,
    ScriptCase,
    StdioCase,
    Task,
    case_from_json,
    case_to_json,
    task_from_json,
    task_to_json,
)

text = st.text(max_size=20)
data = st.recursive(
    st.none() | st.booleans() | st.integers() | text | st.binary(), lambda inner: st.lists(inner).map(tuple) | st.lists(inner)
)
cases = st.one_of(
    st.builds(StdioCase, text, text),
    st.builds(CallCase, text, st.lists(data, max_size=3).map(tuple), data, text),
    st.builds(FileCase, text, text, st.sampled_from(["", "in.txt"]), st.sampled_from(["", "out.txt"])),
    st.builds(ScriptCase, text),
)


@given(cases)
def test_a_case_survives_its_journey_through_json(case):
    assert case_from_json(json.loads(json.dumps(case_to_json(case)))) == case


@given(
    st.builds(
        Task,
        st.builds(Problem, text, text, text, st.lists(cases, max_size=2).map(tuple), text),
        st.lists(cases, max_size=2).map(tuple),
        st.builds(Limits, st.floats(0.1, 9), st.floats(0.1, 9), st.integers(1, 10**9).map(ByteSize)),
        st.sampled_from([CheckerRef(), CheckerRef("floats"), CheckerRef("floats", {"absolute": 0.1})]),
        st.none() | st.text(min_size=1),
        st.lists(text).map(tuple),
    )
)
def test_a_task_survives_its_journey_through_json(task):
    assert task_from_json(json.loads(json.dumps(task_to_json(task)))) == task


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "expected an object"),
        ({"kind": "stdoi", "input": "", "output": ""}, "expected one of 'stdio'"),
        ({"kind": 3}, "a case's kind is 3"),
        ({"input": "1"}, "lacks 'output'"),
        ({"input": 1, "output": "1"}, "'input' is 1, expected text"),
        ({"input": "", "output": "", "outptu": ""}, "unknown field 'outptu'"),
        ({"kind": "call", "function": "f", "arguments": 3, "value": 1}, "expected a list"),
        ({"kind": "call", "function": "f", "arguments": [{"$odd": 1}], "value": 1}, "cannot be read"),
        ({"kind": "file", "input": "", "output": "", "output_file": "../x"}, "plain file name"),
    ],
)
def test_what_is_no_case_is_told(record, said):
    with pytest.raises(DataError, match=said.replace("(", r"\(")):
        case_from_json(record)


GOOD = {"id": "a", "statement": "s", "language": "python", "public_cases": [], "private_cases": []}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": 3}, "'id' is 3, expected text"),
        ({"limits": []}, "'limits' is"),
        ({"limits": {"cpu_second": 1}}, "'limits' has the unknown field 'cpu_second', .*; did you mean 'cpu_seconds'?"),
        ({"limits": {"cpu_seconds": 0}}, "'cpu_seconds': found 0, expected a finite number above 0, at most 1_000_000"),
        ({"limits": {"cpu_seconds": True}}, "expected a finite number above 0"),
        ({"limits": {"wall_seconds": float("nan")}}, "expected a finite number above 0"),
        ({"limits": {"memory_bytes": "9999TB"}}, "found '9999TB', expected a whole number above 0, at most 1_000_000_000_000_000"),
        ({"limits": {"processes": 10**9}}, "at most 1_000_000"),
        ({"limits": {"memory_bytes": "much"}}, "expected a number of bytes"),
        ({"limits": {"processes": 1.5}}, "expected a whole number above 0"),
        ({"checker": 3}, "'checker' is 3"),
        ({"wrong": [1]}, "'wrong' is 1"),
        ({"reference": 1}, "'reference' is 1"),
        ({"colour": 1}, "unknown field 'colour'"),
        ({"statment": 1}, "unknown field 'statment', .*; did you mean 'statement'?"),
        ({"public_cases": None}, "'public_cases' is None"),
    ],
)
def test_what_is_no_task_is_told(change, said):
    with pytest.raises(DataError, match=said):
        task_from_json({**GOOD, **change})


def test_a_field_that_is_missing_is_named():
    for key in GOOD:
        with pytest.raises(DataError, match=f"lacks '{key}'"):
            task_from_json({name: value for name, value in GOOD.items() if name != key})


def test_limits_take_sizes_as_text():
    task = task_from_json({**GOOD, "limits": {"memory_bytes": "512mb", "cpu_seconds": 2}})
    assert (task.limits.memory_bytes, task.limits.cpu_seconds, task.limits.wall_seconds) == (512_000_000, 2, 60.0)
