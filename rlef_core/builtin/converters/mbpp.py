"""Turn rows of MBPP into tasks: an assertion that compares a call becomes a call case, any other a script."""

import ast
from typing import Any

from rlef_core import CallCase, Case, DataError, Limits, Problem, Rejected, ScriptCase, Task, encode_value

LANGUAGE = "python"
LIMITS = Limits(cpu_seconds=60.0, wall_seconds=300.0)
"""MBPP has no limits of its own, and its slowest reference (row 123) needs about 12 s of CPU time on a slow machine."""


def convert(row: Any) -> Task | Rejected:
    """The task of one row (`text`, `code`, `task_id`, `test_setup_code`, `test_list`, `challenge_test_list`).

    The first assertion is public, also as part of the statement, for it names the function; the others are private.
    """
    try:
        id = f"mbpp-{row['task_id']}"
        setup, assertions = row["test_setup_code"], [*row["test_list"], *row["challenge_test_list"]]
        statement, reference = row["text"], row["code"].replace("\r\n", "\n")
    except KeyError as error:
        return Rejected(str(row)[:60], f"no row of MBPP: it lacks {error}")
    except (TypeError, AttributeError):
        return Rejected(str(row)[:60], f"no row of MBPP: found {row!r:.60}, expected an object of texts and lists of assertions")
    if not all(isinstance(text, str) for text in (setup, statement, *assertions)):
        return Rejected(id, "its 'text', 'test_setup_code' or an assertion is no text")
    cases = [case_of(assertion, setup) for assertion in assertions]
    if len(cases) < 2:
        return Rejected(id, f"it has {len(cases) or 'no'} assertion{'s'[: len(cases) != 1]}, expected at least a public and a private one")
    problem = Problem(id, f"{statement}\n\nYour code should pass this test:\n{assertions[0]}", LANGUAGE, (cases[0],))
    return Task(problem, tuple(cases[1:]), LIMITS, reference=reference)


def case_of(assertion: str, setup: str = "") -> Case:
    """A CallCase for `assert f(literals) == literal`, also where the call or all of it stands in parentheses; else a ScriptCase."""
    setup = setup.replace("\r\n", "\n")
    script = ScriptCase("\n".join(part for part in (setup, assertion) if part))
    try:
        (statement,) = ast.parse(assertion.strip()).body
        match statement:
            case ast.Assert(
                ast.Compare(ast.Call(ast.Name(function), arguments, []), [ast.Eq()], [expected]),
                None,
            ):
                values = tuple(map(ast.literal_eval, arguments))
                case = CallCase(function, values, ast.literal_eval(expected), setup)
                return case if _is_exact(case) else script
    except (SyntaxError, ValueError, TypeError, RecursionError):
        pass  # arguments or a value that are no literals
    return script


def _is_exact(case: CallCase) -> bool:
    """Whether comparing the value as data says the same as the assertion: data that survives its encoding."""
    try:
        encode_value((case.arguments, case.value))
    except DataError:
        return False
    return True
