"""What the driver and its ranks say to one another: records of plain data."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from rlef_core import RlefError


@frozen
class Hello:
    """A rank's first word: the machine that it is on, its own process, and that of the warden who watches over it."""

    rank: int
    machine: str
    warden: int
    process: int


@frozen
class Start:
    """The driver's answer: what makes the rank (`module:name`), and environment variables to set before it is imported; None: unset."""

    maker: str
    environment: Mapping[str, str | None]


@frozen
class Call:
    """Something for a rank to do."""

    method: str
    arguments: tuple[Any, ...] = ()


@frozen
class Answer:
    """A call was done; only rank 0 tells what came of it."""

    value: Any = None


@frozen
class Failure:
    """A call failed. `kind` is the class of an error that rlef-core explains, None of any other; `name` is the class's name."""

    kind: type[RlefError] | None
    name: str
    text: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        # an error with a constructor of its own could not be made anew from its text
        plain = isinstance(error, RlefError) and type(error).__init__ is Exception.__init__
        return cls(type(error) if plain else None, type(error).__name__, str(error))  # type: ignore[arg-type]  # mypy forgets what plain says


@frozen
class Walking:
    """Rank 0 walks over its parameters now: the others must walk with it."""


@frozen
class Ended:
    """A rank's process has ended; `status` is negative for the signal that ended it, as in `subprocess`."""

    status: int
