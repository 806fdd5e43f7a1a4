"""Read how a participant is named on the command line: by a component's name, or by a block as a spec would have it."""

import json
from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from rlef_core.errors import SpecError
from rlef_core.registry import Offered, Registry
from rlef_core.spec import Spec, parse_spec
from rlef_core.spec.misfits import MisfitError, misfit
from rlef_core.spec.refs import BlockReader

OPTION = "--against"


@frozen
class Named:
    """A component or baseline, and the settings that were given for it; `spec` is the block, for errors to point into."""

    use: str
    settings: Mapping[str, Any] = Factory(dict)
    spec: Spec | None = None

    @classmethod
    def read(cls, word: str) -> "Named":
        """`vllm`, or `{use: vllm, prefix_caching: false}`. Raises SpecError for a block that is none."""
        if not word.lstrip().startswith("{"):
            return cls(word)
        spec = parse_spec(word, OPTION)
        use = spec.data.get("use")
        if not isinstance(use, str):
            raise _refused(spec, misfit(f"found {word!r}, expected a block with 'use:' and a name"))
        return cls(use, {key: value for key, value in spec.data.items() if key != "use"}, spec)

    @property
    def label(self) -> str:
        """What tells it from others: `vllm`, or `vllm(prefix_caching=false)`."""
        given = ", ".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.settings.items())
        return f"{self.use}({given})" if given else self.use

    def config(self, offered: Offered, registry: Registry, usual: Mapping[str, Any]) -> Any:
        """The component's config: the settings that were given, then the `usual` ones, then its defaults. Raises SpecError."""
        try:
            return BlockReader(registry).read({**usual, **self.settings}, offered.component.config)
        except MisfitError as error:
            assert self.spec is not None  # without a block there is nothing to misfit
            raise _refused(self.spec, error) from error


def _refused(spec: Spec, error: MisfitError) -> SpecError:
    return SpecError([each.fault(spec) for each in error.misfits])
