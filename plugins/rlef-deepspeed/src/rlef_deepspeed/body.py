"""Do what the driver calls for, in a rank's process: import what a rank is made of, make it, call its methods in turn."""

import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

from rlef_deepspeed.messages import Answer, Call, Failure, Walking


class Body:
    """Makes a rank by `maker`, a `module:name`, called with the recipe's JSON and with what tells the driver of a walk."""

    def __init__(self, driver: Connection, number: int, maker: str) -> None:
        self._driver = driver
        self._number = number
        self._turn = Lock()  # a publisher's thread speaks too
        module, name = maker.split(":")
        self._maker: Callable[..., Any] = getattr(import_module(module), name)
        self._rank: Any = None

    def serve(self) -> None:
        """Do calls until the driver has gone."""
        self._say(Answer())
        while True:
            try:
                call: Call = self._driver.recv()
            except EOFError:
                return
            self._say(self._answer(call))

    def _answer(self, call: Call) -> Answer | Failure:
        try:
            if call.method == "make":
                self._rank = self._maker(*call.arguments, lambda: self._say(Walking()))
                return Answer()
            value = getattr(self._rank, call.method)(*call.arguments)
        except Exception as error:
            traceback.print_exc()  # into the log
            return Failure.of(error)
        return Answer(value if self._number == 0 else None)

    def _say(self, message: Any) -> None:
        with self._turn:
            self._driver.send(message)
