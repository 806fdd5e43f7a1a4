"""Write a family of optimizers: what `TorchOptimizer` needs of a learner."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from torch import nn

from rlef_core import Trajectory, UpdateReport
from rlef_torch.actor import Actor
from rlef_torch.updater import Updater


class Learner(Protocol):
    """Learns from collections. One thread at a time uses it.

    The updater's pupils are saved and moved; one of them is named `policy` and is the module of `policy`, which is published. `fixed`
    modules are moved only. `state` holds numbers that a checkpoint keeps beside them, exactly; `restore` takes them, and those of an older
    checkpoint, which may lack some.
    """

    @property
    def policy(self) -> Actor: ...

    @property
    def updater(self) -> Updater[Any]: ...

    @property
    def fixed(self) -> Sequence[nn.Module]: ...

    def learn(self, collection: Sequence[Trajectory], seed: int, version: int) -> UpdateReport:
        """Take all updates of a collection, in an order drawn from `seed`; `version` is that of the weights before them.

        The report counts the updates that the collection was planned to have, also where it left some out (docs/decisions,
        updates-without-lessons). Raises TrainingDiverged before a step that is not finite, ValueError for trajectories that cannot be
        learned from.
        """

    def state(self) -> Mapping[str, float]: ...

    def restore(self, state: Mapping[str, float]) -> None: ...
