"""YAML 1.2 text becomes data; broken text becomes faults with a place."""

from pathlib import Path

import pytest

from rlef_core.errors import ExitCode, SpecError
from rlef_core.spec import parse_spec, read_spec


def shown(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "s.yaml")
    assert caught.value.exit_code == ExitCode.SPEC
    return str(caught.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-7", 1e-7),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("no", "no"),
        ("off", "off"),
        ("True", True),
        ("tRUE", "tRUE"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("12:30:45", "12:30:45"),
        ("2001-01-01", "2001-01-01"),
        ("'3'", "3"),
        ("!!str 3", "3"),
        ("~", None),
        ("", None),
        ("=", "="),
    ],
)
def test_words_mean_what_yaml_1_2_says(word: str, value: object) -> None:
    read = parse_spec(f"a: {word}").data["a"]
    assert (type(read), read) == (type(value), value)


def test_a_number_of_thousands_of_digits_stays_text() -> None:
    assert parse_spec("a: " + "9" * 5000).data["a"] == "9" * 5000


def test_an_old_version_directive_changes_nothing() -> None:
    assert parse_spec("%YAML 1.1\n---\na: no\n").data == {"a": "no"}


def test_an_alias_repeats_its_anchor() -> None:
    spec = parse_spec("a: &x {b: 1}\nc: *x\n")
    assert spec.data["c"] == {"b": 1}
    assert spec.values["c", "b"].line == 1


def test_every_key_and_value_has_its_place() -> None:
    spec = parse_spec("a:\n  - b: 1\n", "s.yaml")
    assert (spec.keys["a", 0, "b"].line, spec.keys["a", 0, "b"].column) == (2, 5)
    assert (spec.values["a", 0, "b"].line, spec.values["a", 0, "b"].column) == (2, 8)


def test_all_duplicate_keys_are_shown_with_both_places() -> None:
    assert shown("a: 1\nb: {c: 1, c: 2}\na: 3\n") == (
        "s.yaml:2:11: the key 'c' is given twice, first in line 2 column 5\n"
        "    b: {c: 1, c: 2}\n"
        "              ^\n"
        "s.yaml:3:1: the key 'a' is given twice, first in line 1 column 1\n"
        "    a: 3\n"
        "    ^"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: is empty, expected a mapping of blocks such as 'name:' and 'tasks:'"),
        ("# nothing\n", "s.yaml: is empty, expected a mapping of blocks such as 'name:' and 'tasks:'"),
        ("- a\n", "s.yaml:1:1: the spec is no mapping, expected blocks such as 'name:' and 'tasks:'\n    - a\n    ^"),
        ("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second YAML document starts here, expected one\n    ---\n    ^"),
        ("a:\n\tb: 1\n", "s.yaml:2:1: broken YAML: a tab, expected spaces\n     b: 1\n    ^"),
        ("a: b: c\n", "s.yaml:1:5: broken YAML: mapping values are not allowed here\n    a: b: c\n        ^"),
        (
            "a: [1\nb: 2\n",
            "s.yaml:2:2: broken YAML: expected ',' or ']', but got ':' (while parsing a flow sequence, line 1)\n    b: 2\n     ^",
        ),
        ("a: *x\n", "s.yaml:1:4: broken YAML: found undefined alias 'x'\n    a: *x\n       ^"),
        ("a: !py {b: 1}\n", "s.yaml:1:4: the tag '!py' has no meaning here, expected the value alone\n    a: !py {b: 1}\n       ^"),
        ("a: !py 1\n", "s.yaml:1:4: the tag '!py' has no meaning here, expected the value alone\n    a: !py 1\n       ^"),
        (
            "a: {<<: {b: 1}}\n",
            "s.yaml:1:5: merge keys ('<<') are not YAML 1.2, expected the keys themselves\n    a: {<<: {b: 1}}\n        ^",
        ),
        ("1: 2\n", "s.yaml:1:1: a key that is no text, expected a word (in quotes if it looks like a number)\n    1: 2\n    ^"),
        ("? [a]\n: 2\n", "s.yaml:1:3: a key that is no text, expected a word (in quotes if it looks like a number)\n    ? [a]\n      ^"),
        ("a: &x {b: *x}\n", "s.yaml:1:4: an alias of what it stands in, expected no circle\n    a: &x {b: *x}\n       ^"),
        ("a: 1\nb: \x07\n", "s.yaml: broken YAML: character '\\x07' in line 2 is no text"),
        ("[" * 1000, "s.yaml: is nested too deeply to be read, expected at most 50 blocks in one another"),
    ],
)
def test_broken_text_is_shown_where_it_breaks(text: str, message: str) -> None:
    assert shown(text) == message


def test_aliases_that_explode_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert "holds more than 100000 values, expected fewer aliases" in shown(bomb)


@pytest.mark.parametrize("depth", [60, 400])
def test_deep_nesting_is_refused_where_it_becomes_too_deep(depth: int) -> None:
    assert shown("a: " + "[" * depth + "]" * depth).startswith("s.yaml:1:54: nested too deeply, expected at most 50 blocks in one another")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\n", "byte 0xff in line 2 is not UTF-8, expected a spec in UTF-8"),
        (None, "cannot be read (no such file or directory), expected a YAML file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "s.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_directory_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a directory, expected a YAML file"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert read_spec(path).data == {"name": "x"}
