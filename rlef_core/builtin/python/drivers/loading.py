"""Load the program that lies beside the driver, and report its errors as if there were no driver."""

from __future__ import annotations

import builtins
import sys
from _sitebuiltins import Quitter
from typing import Any

SOURCE = "solution.py"
RESERVE_BYTES = 4 << 20


def load(name: str) -> dict[str, Any]:
    """Run the program as the module `name`; returns its namespace."""
    # Contest programs end with exit(), which the interpreter makes only together with its site-packages.
    builtins.exit, builtins.quit = Quitter("exit", ""), Quitter("quit", "")
    module = type(sys)(name)
    namespace = vars(module)
    namespace.update(__file__=SOURCE, __builtins__=builtins)
    sys.modules[name] = module
    sys.argv = [SOURCE]
    with open(SOURCE, "rb") as file:  # noqa: PTH123  # pathlib would take longer to import than most programs run
        source = file.read()
    exec(compile(source, SOURCE, "exec", dont_inherit=True), namespace)
    return namespace


def report(error: BaseException) -> None:
    """Print the traceback of the program's own frames."""
    hidden = (load.__code__.co_filename, "<call>")
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in hidden:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
