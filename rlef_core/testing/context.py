"""Build a component in a test as a run would, without a run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import Factory, define

from rlef_core import Language, ModelSpec


@define
class Figures:
    """A metric sink that keeps what it is told, by name."""

    values: dict[str, list[float]] = Factory(dict)

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)


@define
class BuildContext:
    """What a component gets when it is built (`rlef_core.Context`), with what a test gives and defaults for the rest."""

    directory: Path
    model: ModelSpec | None = None
    devices: Sequence[str] = ()
    threads: int = 1
    sequences_per_update: int = 4
    languages: Mapping[str, Language] = Factory(dict)
    metrics: Figures = Factory(Figures)

    def seed(self, *path: str | int) -> int:
        return int.from_bytes(sha256(repr(path).encode()).digest()[:7], "big")

    def span(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def build(self, ref: Any) -> Any:
        raise AssertionError(f"{ref} is to be built, expected a component that nests none")
