"""The block `training.guards`: what is watched while a run trains, each bound, and what happens when it is passed."""

from typing import Any, Literal

import attrs
from attrs import frozen

from rlef_core.settings import positive, positive_share, setting

Action = Literal["warn", "stop", "off"]
WATCHED = {"loss": "loss", "entropy": "optimizer/entropy", "kl": "optimizer/kl"}
"""By guard, how the names of those metrics end which an optimizer may report or not."""
LOOKING_BACK = ("loss", "response_tokens", "faults")
"""The guards that look at more than the newest collection."""
ENOUGH = 4
"""Figures that must come before one that is compared with them."""
_ACTION = "what follows: warn (said once a trip), stop (the run ends) or off"


def _longer_than_enough(_: Any, attribute: "attrs.Attribute[Any]", value: int) -> None:
    if value <= ENOUGH:
        raise ValueError(f"{attribute.name} is {value!r}, expected a number above {ENOUGH}")


@frozen
class NotFiniteGuard:
    """Any metric that is not a finite number."""

    action: Action = setting("stop", help=_ACTION)


@frozen
class LossGuard:
    """A metric whose name ends in `loss` that explodes."""

    bound: float = setting(
        20.0, help="size of a loss over its median size in the window, or over 1 where that is less", unit="times", validator=positive
    )
    action: Action = setting("stop", help=_ACTION)


@frozen
class EntropyGuard:
    """Entropy that collapses."""

    bound: float = setting(0.01, help="least entropy of the policy", unit="nats", validator=positive)
    action: Action = setting("warn", help=_ACTION)


@frozen
class ResponseTokensGuard:
    """Answers whose length explodes."""

    bound: float = setting(3.0, help="mean tokens of an answer over their median in the window", unit="times", validator=positive)
    action: Action = setting("warn", help=_ACTION)


@frozen
class KlGuard:
    """A policy that leaves its initial one far behind."""

    bound: float = setting(1.0, help="greatest KL of the policy from its initial one", unit="nats", validator=positive)
    action: Action = setting("warn", help=_ACTION)


@frozen
class FaultsGuard:
    """Faults that pile up."""

    bound: float = setting(0.02, help="greatest share of the window's episodes that a fault ended", validator=positive_share)
    action: Action = setting("warn", help=_ACTION)


@frozen
class GuardsBlock:
    """`training.guards:` what is watched while a run trains."""

    window: int = setting(16, help="newest collections that a guard looks at", unit="collections", validator=_longer_than_enough)
    not_finite: NotFiniteGuard = setting(NotFiniteGuard(), help="any metric that is not a finite number")
    loss: LossGuard = setting(LossGuard(), help="any metric whose name ends in `loss`")
    entropy: EntropyGuard = setting(EntropyGuard(), help="`optimizer/entropy`")
    response_tokens: ResponseTokensGuard = setting(ResponseTokensGuard(), help="`rollout/response_tokens`")
    kl: KlGuard = setting(KlGuard(), help="`optimizer/kl`")
    faults: FaultsGuard = setting(FaultsGuard(), help="`rollout/faults`")
