"""Word the errors about components that are unknown, conflicting or cannot be chosen."""

from collections.abc import Iterable, Sequence

from rlef_core.errors import Origin
from rlef_core.misses import did_you_mean
from rlef_core.registry.distributions import CORE
from rlef_core.registry.offers import Offered, usual_offer
from rlef_core.registry.plugins import UNPACKAGED, PluginInfo


def unknown(role: str, name: str, origins: Sequence[Origin], plugins: Sequence[PluginInfo]) -> str:
    """Nobody offers `name`: near misses, what is installed, what took no part and might have offered it, what to do."""
    installed = sorted({origin.component for origin in origins if origin.role == role})
    parts = [
        f"{role} {name!r} is unknown{did_you_mean(name, installed)}",
        *_in_other_roles(role, name, origins),
        f"installed for {role}: {_listed(installed)}",
        *(f"took no part and might have offered it: {plugin}" for plugin in plugins if plugin.status != "loaded"),
        "correct the name, or install or mend the plugin that offers it (`rlef-core plugins list` shows all)",
    ]
    return "; ".join(part.rstrip(";") for part in parts)


def conflict(origins: Sequence[Origin]) -> str:
    """Several plugins offer one name: all of them, with distributions and versions, and the way out."""
    offering = " and ".join(f"plugin {origin.plugin!r} (distribution {origin.distribution} {origin.version})" for origin in origins)
    return f"{origins[0].role} {origins[0].component!r} is offered by {offering}; leave all but one out: {', or '.join(_ways_out(origins))}"


def no_default_executor(isolating: Sequence[Offered], executors: Sequence[Offered], choose: str) -> str:
    """There is no single executor to take: what there is, what each isolates, and how to `choose` one."""
    found = "several installed executors offer isolation" if isolating else "no installed executor offers isolation"
    choice = "; ".join(f"{offered.origin}: {_described(offered)}" for offered in executors) or "no executor is installed"
    way_out = f"choose one with `{choose}`, or install one that isolates"
    return f"no executor is chosen and {found}; {way_out}; {choice}"


def _in_other_roles(role: str, name: str, origins: Iterable[Origin]) -> Sequence[str]:
    others = sorted({origin.role for origin in origins if origin.component == name and origin.role != role})
    return [f"{name!r} is a name of role {_listed(others)}"] if others else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"


def _ways_out(origins: Sequence[Origin]) -> Sequence[str]:
    # The core's own plugin comes last: without it little is left.
    ranked = sorted(origins, key=lambda origin: origin.distribution == CORE)
    one_distribution = len({origin.distribution for origin in origins}) < len(origins)
    return [_way_out(origin, origin.plugin if one_distribution else origin.distribution) for origin in ranked]


def _way_out(origin: Origin, word: str) -> str:
    if origin.distribution == UNPACKAGED:
        return f"take {origin.plugin!r} out of `plugins: {{load: [...]}}`"
    return f"`plugins: {{block: [{word}]}}` in the spec (--no-plugin {word})"


def _described(offered: Offered) -> str:
    offer = usual_offer(offered)
    if offer is None:
        return "has settings without a default"
    if offer.unavailable is not None:
        return f"unavailable, {offer.unavailable}"
    return f"isolates {', '.join(offer.isolation)}" if offer.isolation else "isolates nothing"
