"""Driver of calls: calls the program's function and writes the value as data; who asked compares it."""

from __future__ import annotations

from typing import Any

from .answering import answer
from .values import encode


def run() -> None:
    """A request holds `function`, `arguments`, `setup`."""
    answer(_call)


def _call(request: dict[str, Any], namespace: dict[str, Any]) -> str:
    if request["setup"]:
        exec(compile(request["setup"], "<setup>", "exec"), namespace)
    function = eval(compile(request["function"], "<call>", "eval"), namespace)
    return encode(function(*request["arguments"]))
