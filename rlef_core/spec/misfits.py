"""Values that do not fit their type, collected with the way to each, so that one reading of a spec finds all of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import evolve, frozen

from rlef_core.errors import SpecFault
from rlef_core.spec.tree import Keys, Spec


@frozen
class Misfit:
    """One value (or, with `on_key`, one key) that does not fit. `plugin`: its plugin is to blame."""

    message: str
    at: Keys = ()
    on_key: bool = False
    plugin: bool = False

    def fault(self, spec: Spec) -> SpecFault:
        place = spec.key_place(self.at) if self.on_key else spec.value_place(self.at)
        return place.fault(self.message, plugin=self.plugin)


class MisfitError(Exception):
    """Raised by structure hooks; holds every misfit of a value, with the way to it from there."""

    def __init__(self, misfits: Iterable[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__("; ".join(misfit.message for misfit in self.misfits))

    def below(self, *keys: str | int) -> tuple[Misfit, ...]:
        return tuple(evolve(misfit, at=(*keys, *misfit.at)) for misfit in self.misfits)


def misfit(message: str, *at: str | int, on_key: bool = False, plugin: bool = False) -> MisfitError:
    """An error of a single misfit."""
    return MisfitError([Misfit(message, at, on_key, plugin)])


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)


def choice(words: Sequence[str]) -> str:
    """`'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`; `nothing`."""
    quoted = [repr(word) for word in words]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted) or "nothing"
