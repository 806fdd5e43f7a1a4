"""Resolve a spec into a plan: every block is checked, every component looked up, and all faults are shown at once."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import attrs

from rlef_core.errors import PluginError, SpecError, SpecFault
from rlef_core.registry import Registry, discover
from rlef_core.spec.agreement import UNCHANGED, agree
from rlef_core.spec.blocks import PluginsBlock, SpecBlock, TasksBlock
from rlef_core.spec.effects import odd_choices, without_effect
from rlef_core.spec.idle import idle_guards
from rlef_core.spec.misfits import Misfit, MisfitError
from rlef_core.spec.models import maker, unknown_models
from rlef_core.spec.needs import ALL, is_needed, missing_blocks
from rlef_core.spec.plan import Plan
from rlef_core.spec.reading import read_spec
from rlef_core.spec.refs import BlockReader
from rlef_core.spec.sharing import sharing_misfits, sharing_notes
from rlef_core.spec.structure import strict_converter, unknown_key
from rlef_core.spec.tree import Spec


def open_plan(
    path: Path, overrides: Sequence[str] = (), *, block: Sequence[str] = (), roles: Collection[str] = ALL
) -> tuple[Plan, Registry]:
    """Read a spec, load its plugins but those of `block`, and resolve it. Raises SpecError, or PluginError for a wrong `block`."""
    spec = read_spec(path, overrides)
    registry = registry_for(spec, block)
    return resolve(spec, registry, roles), registry


def registry_for(spec: Spec, block: Sequence[str] = ()) -> Registry:
    """The registry that the spec's `plugins:` block asks for, without the plugins of `block` too.

    Raises SpecError for what that block names wrongly, PluginError for `block`.
    """
    try:
        plugins = strict_converter().structure(spec.data.get("plugins", {}), PluginsBlock)
    except MisfitError:
        plugins = PluginsBlock()  # `resolve` shows its faults, with all others
    try:
        return discover(block=(*plugins.block, *block), load=plugins.load)
    except PluginError as error:
        names = {("plugins", key, index): name for key in ("block", "load") for index, name in enumerate(getattr(plugins, key))}
        named = [way for way, name in names.items() if repr(name) in str(error)]
        if not named:
            raise
        raise SpecError([spec.value_place(named[0]).fault(str(error), plugin=True)]) from error


def resolve(spec: Spec, registry: Registry, roles: Collection[str] = ALL) -> Plan:
    """The plan of a spec. `roles` are those that the command needs: blocks of other roles are not looked at and may be absent.

    Raises SpecError with every fault, in the order of the file.
    """
    parts, misfits = _structured(spec, registry, roles)
    agreement = agree(parts, registry)
    misfits += missing_blocks(spec, parts, registry, roles)
    misfits += _plugins(parts, registry)
    misfits += unknown_models(parts, registry)
    misfits += agreement.misfits
    misfits += without_effect(spec, parts, roles)
    misfits += sharing_misfits(spec, parts, agreement.scheme)
    idle, idle_notes = idle_guards(parts, registry, learns=agreement.scheme not in ("", UNCHANGED))
    misfits += idle
    if misfits:
        raise SpecError(_in_order(spec, misfits))
    notes = (*agreement.notes, *odd_choices(parts), *sharing_notes(parts), *idle_notes)
    distributions = {**agreement.distributions, **maker(parts.get("model"), registry)}
    return Plan(SpecBlock(**parts), agreement.scheme, agreement.isolation, distributions, notes)


def _structured(spec: Spec, registry: Registry, roles: Collection[str]) -> tuple[dict[str, Any], list[Misfit]]:
    """Every needed block by name, those that are absent with their defaults; and what does not fit."""
    reader = BlockReader(registry)
    types = get_type_hints(SpecBlock)
    parts: dict[str, Any] = {}
    misfits: list[Misfit] = []
    for key, value in _with_executor(spec, registry, roles, misfits).items():
        if key not in types:
            misfits.append(unknown_key(key, attrs.fields(SpecBlock), ()))
        elif is_needed(key, roles):
            try:
                parts[key] = reader.read(value, types[key])
            except MisfitError as error:
                misfits += error.below(key)
    absent = (field for field in attrs.fields(SpecBlock) if field.name not in spec.data and field.name != "name")
    parts = {field.name: field.default for field in absent} | parts
    return _filled(spec, parts), misfits


def _with_executor(spec: Spec, registry: Registry, roles: Collection[str], misfits: list[Misfit]) -> Mapping[str, Any]:
    """The spec's data; without an `executor:` block, with the one installed executor that isolates, or a misfit."""
    if spec.data.get("executor") is not None or "executor" not in roles:
        return spec.data
    try:
        return {**spec.data, "executor": {"use": registry.default_executor().origin.component}}
    except PluginError as error:
        misfits.append(Misfit(str(error), on_key=True, plugin=True))
        return spec.data


def _filled(spec: Spec, parts: dict[str, Any]) -> dict[str, Any]:
    """With the defaults that depend on another key: a split is called like its entry, an answer fits into the model's context."""
    parts = dict(parts)
    if tasks := parts.get("tasks"):
        entries = {"train": tasks.train, "evaluation": tasks.evaluation}
        named = {name: entry and attrs.evolve(entry, split=entry.split or name) for name, entry in entries.items()}
        parts["tasks"] = TasksBlock(**named)
    model = parts.get("model")
    for block in ("rollout", "evaluation"):
        sampling = getattr(parts.get(block), "sampling", None)
        if model and sampling and not spec.given(block, "sampling", "max_tokens"):
            fitting = attrs.evolve(sampling, max_tokens=min(sampling.max_tokens, model.max_length))
            parts[block] = attrs.evolve(parts[block], sampling=fitting)
    return parts


def _plugins(parts: Mapping[str, Any], registry: Registry) -> list[Misfit]:
    """What `plugins:` asks for and is not there."""
    plugins = parts.get("plugins", PluginsBlock())
    misfits = []
    for index, requirement in enumerate(plugins.require):
        try:
            registry.require([requirement])
        except PluginError as error:
            misfits.append(Misfit(str(error), ("plugins", "require", index), plugin=True))
    for index, module in enumerate(plugins.load):
        misfits += [
            Misfit(str(plugin), ("plugins", "load", index), plugin=True) for plugin in registry.quarantined if plugin.module == module
        ]
    return misfits


def _in_order(spec: Spec, misfits: Sequence[Misfit]) -> list[SpecFault]:
    """Those of the file by place, those of no place last, then those of `--set`."""
    faults = dict.fromkeys(misfit.fault(spec) for misfit in misfits)
    return sorted(faults, key=lambda fault: (fault.file != spec.file, fault.line == 0, fault.line, fault.column))
