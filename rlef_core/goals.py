"""What the components of a role shall reach in `rlef-core bench`, and what they are measured beside."""

from typing import Any

from attrs import frozen

from rlef_core.roles import Component


@frozen
class Goal:
    """What a component shall reach in `rlef-core bench`: its `figure` is at least, or at most, a bound.

    With `times` the bound is so many times the same figure of that component or baseline, measured side by side.
    Raises ValueError unless there is exactly one bound.
    """

    component: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None
    times: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"the goal for {self.figure!r} of {self.component!r} has no bound or two, expected one of at_least, at_most")


@frozen
class Benchmark:
    """What `rlef-core bench` measures the components of a role beside, and what they shall reach.

    A baseline is a component that is measured but cannot be chosen in a spec, or one of the role's own. `beside` names the components that
    the baselines are measured beside when nobody names them; empty: any.
    """

    role: str
    baselines: tuple[Component[Any], ...] = ()
    goals: tuple[Goal, ...] = ()
    beside: tuple[str, ...] = ()
