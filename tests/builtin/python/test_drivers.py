"""The drivers: what runs beside a Python program, in its process."""

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import decode_value, encode_value
from rlef_core.builtin.python import LANGUAGE, PARTS, driver
from rlef_core.builtin.python.drivers import values

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
)
hashable = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3), max_leaves=6)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_the_drivers_encoding_is_that_of_the_core_to_the_byte(value):
    assert values.encode(value).encode("ascii") == encode_value(value)


@given(plain)
def test_a_driver_reads_what_the_core_writes(value):
    decoded = values.decode(encode_value(value).decode("ascii"))
    assert decoded == value
    assert repr(decoded) == repr(decode_value(encode_value(value)))


@pytest.mark.parametrize("value", [({frozenset({1})},), {(frozenset({1}), 2): 3}, {frozenset({frozenset()}): {(1, frozenset({2}))}}])
def test_sets_are_read_inside_of_sets_and_of_keys(value):
    assert values.decode(encode_value(value).decode("ascii")) == value


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_are_carried(value):
    assert decode_value(values.encode(value).encode()) == value


def test_a_nan_is_carried():
    assert math.isnan(decode_value(values.encode(math.nan).encode()))


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [object(), {1: object()}, [print], range(3), deep(300), 10**6000], ids=lambda value: type(value).__name__)
def test_an_object_that_is_no_data_equals_nothing_after_its_journey(value):
    text = values.encode(value).encode()
    try:
        decoded = decode_value(text)
    except ValueError:
        return
    assert decoded != value


def test_an_object_is_told_by_its_type():
    assert json.loads(values.encode([object()])) == [{"$object": "object"}]


@pytest.mark.parametrize("kind", PARTS)
def test_a_driver_needs_no_import_that_costs_time(kind):
    text = driver(kind)
    imports = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imports <= {"builtins", "sys", "os", "_json", "_sitebuiltins"}


def run_driver(tmp_path: Path, kind: str, program: str, stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    (tmp_path / LANGUAGE.source_name).write_text(program)
    (tmp_path / LANGUAGE.driver_name).write_text(driver(kind))
    argv = [sys.executable, "-s", "-S", "-B", LANGUAGE.driver_name]
    return subprocess.run(argv, cwd=tmp_path, input=stdin, capture_output=True, check=False, timeout=60)


def call(tmp_path, program, function, *arguments, setup=""):
    request = encode_value({"function": function, "arguments": list(arguments), "setup": setup})
    return run_driver(tmp_path, "call", program, request)


def test_a_call_writes_nothing_but_the_value(tmp_path):
    program = "import sys, os\nprint('loading')\ndef f(a, *b):\n    print('calling'); os.write(1, b'raw'); return (a, list(b))"
    done = call(tmp_path, program, "f", 1, {2}, "x")
    assert decode_value(done.stdout) == (1, [{2}, "x"])
    assert (done.returncode, done.stderr) == (0, b"")


def test_setup_runs_after_the_program_and_before_the_call(tmp_path):
    program = "class Node:\n    def __init__(self, n): self.n = n\ndef value(): return node.n"
    assert decode_value(call(tmp_path, program, "value", setup="node = Node(7)").stdout) == 7


def test_a_method_of_a_new_object_can_be_called(tmp_path):
    program = "class Solution:\n    def add(self, a, b): return a + b"
    assert decode_value(call(tmp_path, program, "Solution().add", 1, 2).stdout) == 3


def test_the_block_for_the_main_program_does_not_run_in_a_call(tmp_path):
    program = "def f(): return 1\nif __name__ == '__main__':\n    raise SystemExit(input())"
    assert decode_value(call(tmp_path, program, "f").stdout) == 1


def test_a_program_that_exits_before_its_call_answers_nothing(tmp_path):
    for ending in ("import os; os._exit(0)", "import sys; sys.exit(0)", "exit()"):
        assert call(tmp_path, f"{ending}\ndef f(): return 1", "f").stdout == b""


def test_the_request_cannot_be_read_again(tmp_path):
    program = "import sys, os\ndef f(): return (sys.stdin.read(), os.read(0, 100))"
    assert decode_value(call(tmp_path, program, "f").stdout) == ("", b"")


def test_a_program_cannot_answer_instead_of_its_function_by_replacing_what_the_driver_uses(tmp_path):
    program = "import os, _json\nos.write = os._exit = None\n_json.make_scanner = None\ndef f(): return 5"
    done = call(tmp_path, program, "f")
    assert (decode_value(done.stdout), done.returncode) == (5, 0)


def test_dataclasses_and_pickles_find_their_module(tmp_path):
    program = """
import pickle
from dataclasses import dataclass
@dataclass
class Point:
    x: int
def f(): return pickle.loads(pickle.dumps(Point(3))).x
"""
    assert decode_value(call(tmp_path, program, "f").stdout) == 3


def test_a_traceback_shows_the_programs_frames_only(tmp_path):
    done = call(tmp_path, "def f(x):\n    return g(x)\ndef g(x):\n    return 1 // x", "f", 0)
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.strip() for line in lines if "File" in line] == [
        'File "solution.py", line 2, in f',
        'File "solution.py", line 4, in g',
    ]
    assert lines[-1].startswith("ZeroDivisionError")


def test_a_function_that_is_missing_is_a_name_error(tmp_path):
    assert call(tmp_path, "", "f").stderr == b"NameError: name 'f' is not defined\n"


def test_a_syntax_error_names_the_solution(tmp_path):
    done = run_driver(tmp_path, "program", "def f(:\n    pass", b"")
    assert done.returncode == 1
    assert done.stderr.startswith(b'  File "solution.py", line 1\n')


def script(tmp_path, program, code):
    return run_driver(tmp_path, "script", program, encode_value({"code": code, "token": "t0ken"}))


def test_a_script_answers_with_the_token_when_every_assertion_holds(tmp_path):
    assert script(tmp_path, "def f(x): print(x); return x", "assert f(1) == 1\nassert f(2) == 2").stdout == b"t0ken"


def test_a_script_whose_assertion_fails_answers_nothing(tmp_path):
    done = script(tmp_path, "def f(x): return 0", "assert f(1) == 1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.endswith(b"AssertionError\n")


def program(tmp_path, source, stdin=b""):
    return run_driver(tmp_path, "program", source, stdin)


def test_a_program_runs_as_the_main_module_with_a_clean_namespace(tmp_path):
    source = "print(__name__, sorted(name for name in globals() if not name.startswith('__')))"
    assert program(tmp_path, source).stdout == b"__main__ []\n"


def test_a_program_without_its_import_fails(tmp_path):
    assert program(tmp_path, "sys.stdin.read()").stderr.endswith(
        b"NameError: name 'sys' is not defined. Did you forget to import 'sys'?\n"
    ) or (sys.version_info < (3, 12))


@pytest.mark.parametrize(
    ("ending", "code"), [("exit()", 0), ("quit()", 0), ("exit(3)", 3), ("import sys; sys.exit('no')", 1), ("raise SystemExit", 0)]
)
def test_a_program_may_exit_as_it_likes(tmp_path, ending, code):
    done = program(tmp_path, f"print(1)\n{ending}\nprint(2)")
    assert (done.returncode, done.stdout) == (code, b"1\n")


def test_threads_and_exit_handlers_finish_as_ever(tmp_path):
    source = """
import atexit, threading, time
atexit.register(lambda: print('last'))
threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()
print('first')
"""
    assert program(tmp_path, source).stdout.split() == [b"first", b"late", b"last"]


def test_an_error_is_reported_with_its_cause(tmp_path):
    done = program(tmp_path, "try:\n    1 // 0\nexcept ZeroDivisionError as error:\n    raise ValueError('odd') from error")
    text = done.stderr.decode()
    assert text.count("Traceback") == 2
    assert "driver" not in text
    assert text.endswith("ValueError: odd\n")


def test_the_drivers_parts_can_be_imported_as_they_are():
    for part in {part for parts in PARTS.values() for part in parts}:
        assert importlib.util.find_spec(f"rlef_core.builtin.python.drivers.{part}") is not None
