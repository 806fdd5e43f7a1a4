"""Check that the chosen components can run here and with one another, from what they say of themselves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
from attrs import frozen

from rlef_core.errors import PluginError
from rlef_core.registry import Registry, offer_of
from rlef_core.roles import Offer, Ref
from rlef_core.spec.blocks import RolloutBlock, RunBlock, TasksRef, WeightedReward
from rlef_core.spec.misfits import Misfit, choice
from rlef_core.spec.tree import Keys

UNCHANGED = "unchanged"
"""The weight scheme of an optimizer that learns nothing; it fits every policy."""
LASTING = frozenset({"shm", "file", UNCHANGED})
"""Weight schemes whose payload is valid beyond the publication's context, so that a policy can load it when the optimizer has gone."""
_GREEDY = "is 0, which samples greedily and leaves an optimizer nothing to learn from, expected a number above 0"


@frozen
class Agreement:
    """What the components agree on, and what they do not."""

    scheme: str
    isolation: tuple[str, ...]
    distributions: Mapping[str, str]
    notes: tuple[str, ...]
    misfits: tuple[Misfit, ...]


@frozen
class _Used:
    """A component, where it is named, and what it offers."""

    at: Keys
    ref: Ref[Any]
    offer: Offer

    def misfit(self, message: str, *, plugin: bool = False) -> Misfit:
        return Misfit(message, (*self.at, "use"), plugin=plugin)


def agree(parts: Mapping[str, Any], registry: Registry) -> Agreement:
    """Ask every component that the blocks name, also the nested ones."""
    used = {at: _Used(at, ref, offer_of(registry.find(ref.role, ref.use), ref.config)) for at, ref in refs_in(parts)}
    policy, optimizer, executor = (used.get((block,)) for block in ("policy", "optimizer", "executor"))
    scheme = shared_scheme(policy.offer, optimizer.offer) if policy and optimizer else ""
    misfits = [each.misfit(f"cannot run here: {each.offer.unavailable}", plugin=True) for each in used.values() if each.offer.unavailable]
    if policy and optimizer and not scheme:
        misfits.append(optimizer.misfit(_no_scheme(policy, optimizer)))
    sampling = getattr(parts.get("rollout"), "sampling", None)
    learns = scheme not in ("", UNCHANGED)
    if learns and sampling and sampling.temperature == 0:
        misfits.append(Misfit(_GREEDY, ("rollout", "sampling", "temperature")))
    misfits += _groups(optimizer, parts.get("rollout"))
    misfits += _exactness(policy, parts.get("rollout"))
    misfits += _beginnings(optimizer, parts.get("run"))
    notes = [note for each in used.values() for note in _notes(each)]
    if learns and sampling and sampling.top_p < 1:
        notes.append(f"rollout.sampling.top_p is {sampling.top_p}: an optimizer may not follow the cut distribution (see its page)")
    tasksets = [each for each in used.values() if each.ref.role == "taskset"]
    misfits += _languages(tasksets, executor, registry)
    return Agreement(
        scheme=scheme,
        isolation=executor.offer.isolation if executor else (),
        distributions={each.ref.origin.distribution: each.ref.origin.version for each in used.values()},
        notes=tuple(dict.fromkeys(notes)),
        misfits=tuple(misfits),
    )


def shared_scheme(policy: Offer, optimizer: Offer) -> str:
    """The scheme by which the optimizer prefers to publish among those that the policy loads by; empty where there is none."""
    shared = [scheme for scheme in optimizer.weight_schemes if policy.trainable and scheme in policy.weight_schemes]
    if shared:
        return shared[0]
    return UNCHANGED if UNCHANGED in optimizer.weight_schemes else ""


def refs_in(value: Any, at: Keys = ()) -> Iterator[tuple[Keys, Ref[Any]]]:
    """Every component named inside a value, with the way to its block."""
    if isinstance(value, Ref):
        yield at, value
        yield from refs_in(value.config, at)
    elif isinstance(value, TasksRef | WeightedReward):
        yield from refs_in(value.ref, at)
    else:
        for key, item in _items(value):
            yield from refs_in(item, (*at, key))


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, tuple | list):
        return enumerate(value)
    if attrs.has(type(value)):
        return [(str(field.alias), getattr(value, field.name)) for field in attrs.fields(type(value)) if field.init]
    return ()


def _no_scheme(policy: _Used, optimizer: _Used) -> str:
    offered = f"optimizer {optimizer.ref.use!r} publishes by {choice(optimizer.offer.weight_schemes)}"
    if not policy.offer.trainable:
        return f"{offered}, but policy {policy.ref.use!r} cannot be trained, expected an optimizer that publishes by {UNCHANGED!r}"
    taken = choice(policy.offer.weight_schemes)
    return f"{offered}, but policy {policy.ref.use!r} loads by {taken}, expected a pair that shares a weight scheme"


def _groups(optimizer: _Used | None, rollout: RolloutBlock | None) -> Iterator[Misfit]:
    if optimizer and rollout and rollout.episodes_per_task < optimizer.offer.min_episodes_per_task:
        least, found = optimizer.offer.min_episodes_per_task, rollout.episodes_per_task
        yield optimizer.misfit(f"compares the episodes of one task, but rollout.episodes_per_task is {found}, expected at least {least}")


def _exactness(policy: _Used | None, rollout: RolloutBlock | None) -> Iterator[Misfit]:
    if policy and rollout and rollout.deterministic and not policy.offer.deterministic:
        found = f"is true, but policy {policy.ref.use!r} does not promise the same bits for the same requests"
        yield Misfit(f"{found}, expected false with it", ("rollout", "deterministic"))


def _beginnings(optimizer: _Used | None, run: RunBlock | None) -> Iterator[Misfit]:
    if optimizer and run and run.init_from and not optimizer.offer.warm_start:
        found = f"is given, but optimizer {optimizer.ref.use!r} cannot begin with another run's weights"
        yield Misfit(f"{found}, expected no such key with it", ("run", "init_from"), on_key=True)


def _languages(tasksets: Iterable[_Used], executor: _Used | None, registry: Registry) -> Iterator[Misfit]:
    for taskset in tasksets:
        for language in taskset.offer.languages or ():
            if executor and executor.offer.languages is not None and language not in executor.offer.languages:
                runs = choice(executor.offer.languages)
                yield taskset.misfit(f"has programs in {language!r}, but executor {executor.ref.use!r} runs only {runs}")
            try:
                registry.language(language)
            except PluginError as error:
                yield taskset.misfit(str(error), plugin=True)


def _notes(used: _Used) -> Iterator[str]:
    name = f"{used.ref.role} {used.ref.use!r}"
    for warning in used.offer.warnings:
        yield f"{name}: {warning}"
    for tool in used.offer.missing:
        yield f"{name}: missing {tool}"
