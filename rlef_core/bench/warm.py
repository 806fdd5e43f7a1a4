"""Run a program once for each input in a fork of this interpreter, which has imported all that it uses; a script of its own.

Reads {"source", "inputs", "rounds"} as JSON, writes {"outputs", "seconds"}: a text for each input, CPU seconds for each run. They are
those of the program's own instructions: no start of an interpreter, no import, no compiling. That is what no sandbox can save.
"""

import io
import json
import os
import sys
import time
from collections.abc import Sequence
from types import CodeType
from typing import Any


def main() -> None:
    """See above."""
    asked = json.load(sys.stdin)
    code = compile(asked["source"], "<program>", "exec")
    _run(code, asked["inputs"][0])  # imports what the program does
    runs = [[_forked(code, text) for text in asked["inputs"]] for _ in range(asked["rounds"])]
    json.dump({"outputs": [output for output, _ in runs[0]], "seconds": [seconds for row in runs for _, seconds in row]}, sys.stdout)


def _forked(code: CodeType, text: str) -> Sequence[Any]:
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        with os.fdopen(writing, "w") as answer:
            json.dump(_run(code, text), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        answer = json.load(told)
    os.waitpid(pid, 0)
    return list(answer)


def _run(code: CodeType, text: str) -> Sequence[Any]:
    streams = sys.stdin, sys.stdout
    sys.stdin, sys.stdout = io.StringIO(text), io.StringIO()
    try:
        started = time.process_time()
        exec(code, {"__name__": "__main__"})
        return sys.stdout.getvalue(), time.process_time() - started
    finally:
        sys.stdin, sys.stdout = streams


if __name__ == "__main__":
    main()
