"""Structure `use:` blocks: the component is looked up, its other keys become its checked config."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from rlef_core.errors import PluginError
from rlef_core.registry import Offered, Registry
from rlef_core.roles import ROLES, Ref
from rlef_core.spec.blocks import TasksRef, WeightedReward
from rlef_core.spec.misfits import Misfit, MisfitError, choice, misfit, shown
from rlef_core.spec.structure import strict_converter, structure_class


class BlockReader:
    """Structures the blocks of a spec: settings strictly, and `use:` blocks wherever a field is typed `Ref[role]`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._converter = strict_converter()
        self._converter.register_structure_hook_func(_is_ref, lambda value, type_: self.use(_role_of(type_), value))
        for type_ in (TasksRef, WeightedReward):
            self._converter.register_structure_hook(type_, self._with_core_key)

    def read(self, value: Any, type_: Any) -> Any:
        """A value of the type. Raises MisfitError."""
        return self._converter.structure(value, type_)

    def use(self, role: str, value: Any, also: tuple[str, ...] = ()) -> Ref[Any]:
        """The component that a block names, with its config; `also` names the core's keys, which were taken out of the block."""
        expected = f"the {role}'s name: {choice(self._registry.names(role))}"
        if not isinstance(value, dict):
            wrap = f" (write {{use: {value}}})" if isinstance(value, str) and value in self._registry.names(role) else ""
            raise misfit(f"found {shown(value)}, expected a mapping with 'use:'{wrap}")
        if "use" not in value:
            raise misfit(f"lacks 'use', expected {expected}", on_key=True)
        if not isinstance(value["use"], str):
            raise misfit(f"found {shown(value['use'])}, expected {expected}", "use")
        try:
            offered = self._registry.find(role, value["use"])
        except PluginError as error:
            raise misfit(str(error), "use", plugin=True) from error
        settings = {key: item for key, item in value.items() if key != "use"}
        return Ref(role, value["use"], _config(self._converter, offered, settings, ("use", *also)), offered.origin)

    def _with_core_key(self, value: Any, cls: Any) -> Any:
        """A TasksRef or WeightedReward: one key is the core's, the rest is a `use:` block."""
        ref, core = attrs.fields(cls)
        types = get_type_hints(cls)
        inside: Mapping[str, Any] = value if isinstance(value, dict) else {}
        block = {key: item for key, item in inside.items() if key != core.name} if inside else value
        misfits: list[Misfit] = []
        parts = {}
        try:
            parts["ref"] = self.use(_role_of(types[ref.name]), block, (core.name,))
        except MisfitError as error:
            misfits += error.misfits
        try:
            parts |= {core.name: self.read(inside[core.name], types[core.name])} if core.name in inside else {}
        except MisfitError as error:
            misfits += error.below(core.name)
        if misfits:
            raise MisfitError(misfits)
        return cls(**parts)


def _is_ref(type_: Any) -> bool:
    return get_origin(type_) is Ref


def _role_of(type_: Any) -> str:
    (protocol,) = get_args(type_)
    return next(word for word, role in ROLES.items() if role is protocol)


def _config(converter: Converter, offered: Offered, settings: Mapping[str, Any], also: tuple[str, ...]) -> Any:
    try:
        return structure_class(converter, settings, offered.component.config, also)
    except MisfitError:
        raise
    except Exception as error:  # a config class that cannot be read at all is its plugin's fault, whatever it raises
        reason = f"{offered.origin} has settings that cannot be read: {type(error).__name__}: {error}"
        raise misfit(reason, "use", plugin=True) from error
