"""The checkers that tasks name, each built once."""

import json

from rlef_core.errors import Origin, PluginError, boundary
from rlef_core.records import Case, CheckerRef
from rlef_core.registry import Registry
from rlef_core.roles import Checker, Ref, RunTrusted
from rlef_core.spec import Builder
from rlef_core.spec.misfits import MisfitError
from rlef_core.spec.refs import BlockReader


class Checkers:
    """Call it with a task's CheckerRef. Raises PluginError for a checker that is not there or options that it does not take."""

    def __init__(self, registry: Registry, builder: Builder) -> None:
        self._builder = builder
        self._reader = BlockReader(registry)
        self._built: dict[str, Checker] = {}

    def __call__(self, ref: CheckerRef) -> Checker:
        key = json.dumps([ref.name, dict(ref.options)], sort_keys=True, default=repr)
        if key not in self._built:
            found = self._ref(ref)
            self._built[key] = _Guarded(self._builder.build(found), found.origin)
        return self._built[key]

    def _ref(self, ref: CheckerRef) -> Ref[Checker]:
        try:
            return self._reader.use("checker", {"use": ref.name, **ref.options})
        except MisfitError as error:
            raise PluginError(f"checker {ref.name!r} with options {dict(ref.options)!r}: {error}") from error


class _Guarded:
    """A checker whose failures name it."""

    def __init__(self, checker: Checker, origin: Origin) -> None:
        self._checker = checker
        self._origin = origin

    async def check(self, case: Case, output: bytes, run: RunTrusted) -> bool:
        with boundary(self._origin, "check"):
            return await self._checker.check(case, output, run)
