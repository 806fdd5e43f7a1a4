"""Ranks that do as they are told: made in processes that the tests launch."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

from rlef_core import TrainingDiverged


class Conduct:
    """A rank that imports nothing heavy."""

    def __init__(self, text: str, walking: Callable[[], None]) -> None:
        self._rank, self._walking = int(os.environ["RANK"]), walking
        self._walked = 0

    def obey(self, orders: Mapping[int, str]) -> str:
        """Do what the orders say of this rank; what it says ends up in its log."""
        match orders.get(self._rank, "answer"), f"these are the last words of rank {self._rank}":
            case "raise", words:
                raise ValueError(words)
            case "diverge", words:
                raise TrainingDiverged(words)
            case "exit", words:
                print(words, flush=True)
                os._exit(7)
            case "die", words:
                print(words, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang", words:
                print(words, file=sys.stderr, flush=True)
                time.sleep(3600)
        return f"rank {self._rank} of {os.environ['WORLD_SIZE']}"

    def environment(self, name: str) -> str | None:
        """What the rank finds in its environment."""
        return os.environ.get(name)

    def lead(self) -> None:
        """Begin to walk, as rank 0 does in a publication."""
        self._walking()

    def walk(self) -> None:
        """Count the walk."""
        self._walked += 1
        print(f"walk {self._walked}", flush=True)

    def close(self) -> None:
        """Nothing is held."""


def broken(text: str, walking: Callable[[], None]) -> None:
    """A rank that cannot be made."""
    raise TrainingDiverged(f"rank {os.environ['RANK']} cannot be made")
