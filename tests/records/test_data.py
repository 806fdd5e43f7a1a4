"""Values of call cases survive their encoding; nothing but data has one."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import DataError, decode_value, encode_value

hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=8,
)
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.sets(hashable, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_encoded_comes_back_equal_and_of_the_same_kind(value: Any) -> None:
    back = decode_value(encode_value(value))
    assert back == value
    assert type(back) is type(value) or isinstance(value, frozenset)


def test_a_tuple_is_no_list_and_true_is_no_number() -> None:
    assert decode_value(encode_value((1, 2))) != [1, 2]
    assert decode_value(encode_value(True)) is True


def test_not_a_number_comes_back_as_such() -> None:
    assert math.isnan(decode_value(encode_value(math.nan)))


def test_a_dict_that_looks_like_a_tag_is_not_taken_for_one() -> None:
    assert decode_value(encode_value({"$tuple": [1]})) == {"$tuple": [1]}


@pytest.mark.parametrize("value", [object(), print, range(3), [object()]])
def test_what_is_no_data_has_no_encoding(value: object) -> None:
    with pytest.raises(DataError, match="no plain data"):
        encode_value(value)


@pytest.mark.parametrize("text", [b"", b"{", b'{"$what": 1}', b'{"$bytes": 3}', b'{"$complex": [1]}', b"[" * 100_000, b"\xff"])
def test_anything_else_is_refused_and_never_run(text: bytes) -> None:
    with pytest.raises(DataError):
        decode_value(text)


def test_a_returned_object_equals_nothing_not_even_itself() -> None:
    opaque = decode_value(b'{"$object": "Liar"}')
    assert opaque != opaque
    assert repr(opaque) == "<Liar>"
