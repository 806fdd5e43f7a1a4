"""Run a program once for each input in a fork of this interpreter, which has imported all that it uses; a script of its own.

Reads {"source", "inputs", "rounds"} as JSON, writes {"outputs", "program_seconds", "process_seconds"}: a text for each input; for each run
the CPU seconds of the program's own instructions, and those of the whole process: what a fork takes from its first instruction to its last.
"""

import gc
import io
import json
import os
import sys
import time
from types import CodeType


def main() -> None:
    """See above."""
    asked = json.load(sys.stdin)
    code = compile(asked["source"], "<program>", "exec")
    _run(code, asked["inputs"][0])  # imports what the program does
    gc.freeze()
    runs = [[_forked(code, text) for text in asked["inputs"]] for _ in range(asked["rounds"])]
    outputs = [output for output, _, _ in runs[0]]
    program, process = ([run[place] for row in runs for run in row] for place in (1, 2))
    json.dump({"outputs": outputs, "program_seconds": program, "process_seconds": process}, sys.stdout)


def _forked(code: CodeType, text: str) -> tuple[str, float, float]:
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        output, seconds = _run(code, text)
        os.write(writing, f"{seconds}\n{output}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        first, _, output = told.read().partition("\n")
    usage = os.wait4(pid, 0)[2]
    return output, float(first), usage.ru_utime + usage.ru_stime


def _run(code: CodeType, text: str) -> tuple[str, float]:
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
