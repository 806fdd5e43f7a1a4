"""Turn rows of HumanEvalPack (Python, C++, JavaScript) into tasks whose cases are scripts, each with its right and its buggy program."""

import re
from typing import Any

from rlef_core import Limits, Problem, Rejected, ScriptCase, Task

LANGUAGES = {"Python": "python", "CPP": "cpp", "JavaScript": "javascript"}
"""The languages by the first part of a row's `task_id`."""
LIMITS = Limits(cpu_seconds=5.0)
"""HumanEvalPack has no limits of its own; its slowest right program needs 0.2 s of CPU time."""
FIELDS = ("task_id", "instruction", "prompt", "declaration", "canonical_solution", "buggy_solution", "example_test", "test")
NO_EXAMPLE = {"cpp": "int main() {}\n"}
"""The public case of a row without examples, by language; an empty text where none stands here. It shows that the program loads."""


def convert(row: Any) -> Task | Rejected:
    """The task of one row. `example_test` is its public case, `test` the private one; a program is the row's prompt and a solution."""
    try:
        id, statement, prompt, declaration, right, buggy, example, test = (row[name] for name in FIELDS)
    except KeyError as error:
        return Rejected(str(row)[:60], f"no row of HumanEvalPack: it lacks {error}")
    except TypeError:
        return Rejected(str(row)[:60], f"no row of HumanEvalPack: found {row!r:.60}, expected an object of texts")
    if no_text := [name for name in FIELDS if not isinstance(row[name], str)]:
        return Rejected(str(id), f"its {no_text[0]!r} is {row[no_text[0]]!r:.60}, expected text")
    prefix, _, number = id.partition("/")
    if prefix not in LANGUAGES or not number:
        return Rejected(id, f"its 'task_id' is {id!r}, expected one such as {', '.join(repr(f'{known}/0') for known in LANGUAGES)}")
    if not test.strip():
        return Rejected(id, "its 'test' is empty, and no program may pass unseen")
    language = LANGUAGES[prefix]
    starter = _includes(declaration) + prompt if language == "cpp" else prompt
    public = ScriptCase(_whole(example) if example.strip() else NO_EXAMPLE.get(language, ""))
    problem = Problem(f"humanevalpack-{language}-{number}", statement, language, (public,), starter)
    return Task(problem, (ScriptCase(test),), LIMITS, reference=starter + right, wrong=(starter + buggy,))


def _includes(declaration: str) -> str:
    # Solutions use headers that only the declaration has; row 38's declaration holds a piece of the solution besides.
    return "".join(f"{line}\n" for line in declaration.splitlines() if line.startswith("#include"))


def _whole(script: str) -> str:
    # The examples of Python's row 119 begin with the end of some function, which only a text that is appended to a function may.
    return re.sub(r"\A(?:[ \t].*\n)+", "", script)
