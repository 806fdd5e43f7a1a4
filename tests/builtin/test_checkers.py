"""What counts as the right output."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import CallCase, StdioCase, encode_value
from rlef_core.builtin.checkers import COMPONENTS, Exact, Floats, Tokens


async def no_run(job):
    raise AssertionError("a checker without a program ran one")


async def same(checker, expected, output):
    return await checker.check(StdioCase("", expected), output.encode() if isinstance(output, str) else output, no_run)


@pytest.mark.parametrize(
    ("expected", "output", "right"),
    [
        ("3\n", "3\n", True),
        ("3", "3\n", True),
        ("3\n", "3", True),
        ("3\n", "3\n\n", False),
        ("3\n", " 3\n", False),
        ("3\n", "3 \n", False),
        ("", "", True),
        ("a", "A", False),
    ],
)
async def test_exact_forgives_one_final_newline_only(expected, output, right):
    assert await same(Exact(), expected, output) is right


@pytest.mark.parametrize(
    ("expected", "output", "right"),
    [
        ("1 2\n3", "1\t2\r\n\v3  \n", True),
        ("1 2", "1 2 3", False),
        ("1 2 3", "1 2", False),
        ("12", "1 2", False),
        ("YES", "yes", True),
        ("É", "é", False),
        ("0.5", "0.500009", True),
        ("0.5", "0.50002", False),
        ("5", "5.000009", True),
        ("5", "5.0", True),
        ("9007199254740993", "9007199254740992", True),
        ("1000000000", "1000000001", False),
        ("1e3", "1000", True),
        ("nan", "nan", False),
        ("nan", "NaN", False),
        ("inf", "inf", True),
        ("inf", "1e400", False),
        ("1_0", "10", False),
        ("0x10", "16", False),
        ("", " \n", True),
        ("", "x", False),
        ("1\f2", "1 2", False),
        ("007", "7", True),
    ],
)
async def test_tokens_are_compared_as_deepminds_matcher_does(expected, output, right):
    assert await same(Tokens(), expected, output) is right


@pytest.mark.parametrize(
    ("expected", "output", "right"),
    [
        ("9007199254740993", "9007199254740992", False),
        ("007", "7", True),
        ("-0", "0", True),
        ("+5", "5", True),
        ("-5", "5", False),
        ("5", "5.000009", True),
        ("0.5", "0.500009", True),
    ],
)
async def test_strict_tokens_compare_whole_numbers_as_such(expected, output, right):
    assert await same(Tokens(strict=True), expected, output) is right


async def test_output_that_is_no_text_is_compared_as_bytes():
    assert not await same(Tokens(), "ÿ", b"\xff")
    assert not await same(Exact(), "3", b"\xff\xfe\x00")


@pytest.mark.parametrize("checker", [Tokens(), Tokens(strict=True), Floats(1e-6, 1e-6), Exact()])
async def test_a_long_row_of_digits_takes_no_time(checker):
    started = time.monotonic()
    assert not await same(checker, "9" * 1_000_000, "8" * 1_000_000)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("expected", "output", "right"),
    [
        ("1000000", "1000000.5", True),
        ("1000000", "1000002", False),
        ("0", "0.0000005", True),
        ("0", "0.00001", False),
        ("inf", "inf", True),
        ("a 1.0", "a 1.0000001", True),
        ("a 1.0", "A 1.0", False),
        ("1 2", "1", False),
    ],
)
async def test_floats_are_within_the_absolute_or_the_relative_tolerance(expected, output, right):
    assert await same(Floats(1e-6, 1e-6), expected, output) is right


@pytest.mark.parametrize(
    ("value", "returned", "right"),
    [
        (3, 3, True),
        (3, 3.0, True),
        ([1, 2], (1, 2), False),
        ({1, 2}, {2, 1}, True),
        ("a", "A", False),
        (0.1 + 0.2, 0.3, False),
        (1, True, True),
        (None, None, True),
        (float("nan"), float("nan"), False),
    ],
)
@pytest.mark.parametrize("checker", [Exact(), Tokens()])
async def test_the_value_of_a_call_is_compared_as_python_does(checker, value, returned, right):
    assert await checker.check(CallCase("f", (), value), encode_value(returned), no_run) is right


async def test_an_object_that_is_no_data_equals_no_value():
    for checker in (Exact(), Tokens(), Floats(1, 1)):
        assert not await checker.check(CallCase("f", (), None), b'{"$object": "Sneaky"}', no_run)
        assert not await checker.check(CallCase("f", (), [1]), b'[{"$object": "Sneaky"}]', no_run)


@pytest.mark.parametrize("output", [b"", b"garbage", b"[1", b'{"$nothing": 1}', b"\xff", b"[" * 100_000, b"9" * 5000])
async def test_an_answer_that_is_no_value_is_wrong(output):
    for checker in (Exact(), Tokens(), Floats(1, 1)):
        assert not await checker.check(CallCase("f", (), 9), output, no_run)


@pytest.mark.parametrize(
    ("value", "returned", "right"),
    [
        ([1.0, (2.0, {"a": 3.0})], [1.0000001, (2.0, {"a": 3.0000001})], True),
        ([1.0], (1.0,), False),
        ({"a": 1.0}, {"b": 1.0}, False),
        ([1.0, 2.0], [1.0], False),
        (1, 1.0000001, True),
        (True, 1.0000001, False),
        (10**400, 10**400, True),
        (10**400, 1.0, False),
        ("a", "a", True),
    ],
)
async def test_floats_in_the_value_of_a_call_are_compared_one_by_one(value, returned, right):
    assert await Floats(1e-6, 1e-6).check(CallCase("f", (), value), encode_value(returned), no_run) is right


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(), max_size=5))
async def test_every_checker_takes_the_expected_output_itself(numbers):
    text = " ".join(map(repr, numbers))
    for checker in (Exact(), Tokens(), Tokens(strict=True), Floats(0, 0)):
        assert await same(checker, text, text)


def test_each_component_builds_from_its_example():
    assert [made.name for made in COMPONENTS] == ["exact", "tokens", "floats"]
    for made in COMPONENTS:
        assert hasattr(made.build(made.example(), None), "check")
