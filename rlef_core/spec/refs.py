"""Structure `use:` blocks: the component is looked up, its other keys become its checked config."""

from typing import Any, get_args, get_origin

import attrs
from cattrs import Converter

from rlef_core.errors import PluginError
from rlef_core.registry import Registry
from rlef_core.roles import ROLES, Ref
from rlef_core.spec.blocks import TasksRef, WeightedReward
from rlef_core.spec.misfits import MisfitError, choice, misfit, shown
from rlef_core.spec.structure import strict_converter, structure_class


def spec_converter(registry: Registry) -> Converter:
    """The strict converter that also takes `use:` blocks, wherever a field is typed `Ref[role]`."""
    converter = strict_converter()
    converter.register_structure_hook_func(
        lambda type_: get_origin(type_) is Ref,
        lambda value, type_: use_block(converter, registry, role_of(type_), value),
    )
    for type_ in (TasksRef, WeightedReward):
        converter.register_structure_hook(type_, lambda value, type_: _with_core_key(converter, registry, value, type_))
    return converter


def role_of(type_: Any) -> str:
    """The word of a role from `Ref[Role]`."""
    (protocol,) = get_args(type_)
    return next(word for word, role in ROLES.items() if role is protocol)


def use_block(converter: Converter, registry: Registry, role: str, value: Any, also: tuple[str, ...] = ()) -> Ref[Any]:
    """The component that a block names, with its config; `also` names the core's keys, which were taken out of the block."""
    if not isinstance(value, dict):
        wrap = f" (write {{use: {value}}})" if isinstance(value, str) and value in registry.names(role) else ""
        raise misfit(f"found {shown(value)}, expected a mapping with 'use:'{wrap}")
    if "use" not in value:
        raise misfit(f"lacks 'use', expected the name of a {role}: {choice(registry.names(role))}", on_key=True)
    name = value["use"]
    if not isinstance(name, str):
        raise misfit(f"found {shown(name)}, expected the name of a {role}: {choice(registry.names(role))}", "use")
    return chosen(converter, registry, role, name, {key: item for key, item in value.items() if key != "use"}, ("use", *also))


def chosen(converter: Converter, registry: Registry, role: str, name: str, settings: Any, also: tuple[str, ...] = ()) -> Ref[Any]:
    """The component of this name with a config made of `settings`."""
    try:
        offered = registry.find(role, name)
    except PluginError as error:
        raise misfit(str(error), "use", plugin=True) from error
    try:
        return Ref(role, name, structure_class(converter, settings, offered.component.config, also), offered.origin)
    except MisfitError:
        raise
    except Exception as error:  # a config class that cannot be read at all: its plugin's fault
        reason = f"{offered.origin} has settings that cannot be read: {type(error).__name__}: {error}"
        raise misfit(reason, "use", plugin=True) from error


def _with_core_key(converter: Converter, registry: Registry, value: Any, cls: Any) -> Any:
    """A TasksRef or WeightedReward: one key is the core's, the rest is a `use:` block."""
    ref_field, core_field = attrs.fields(cls)
    types = attrs.fields_dict(attrs.resolve_types(cls))
    key = core_field.name
    block = {name: item for name, item in value.items() if name != key} if isinstance(value, dict) else value
    misfits, core = [], {}
    if isinstance(value, dict) and key in value:
        try:
            core[key] = converter.structure(value[key], types[key].type)
        except MisfitError as error:
            misfits += error.below(key)
    try:
        ref = use_block(converter, registry, role_of(types[ref_field.name].type), block, (key,))
    except MisfitError as error:
        misfits += error.misfits
    if misfits:
        raise MisfitError(misfits)
    return cls(ref=ref, **core)
