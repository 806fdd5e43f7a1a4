"""Score with a reference that stands on the device only while it scores."""

from collections.abc import Sequence

import torch
from attrs import frozen
from torch import nn

from rlef_core import Trajectory
from rlef_torch.lessons import Scorer
from rlef_torch.returns import Scores


@frozen(eq=False)
class VisitingScorer(Scorer):
    """A scorer whose reference `visitor` waits in this machine's memory."""

    visitor: nn.Module = nn.Identity()

    def scores(self, collection: Sequence[Trajectory]) -> list[Scores]:
        """Return the collection's scores, as a `Scorer` does."""
        self.visitor.to(self.device)
        try:
            return super().scores(collection)
        finally:
            self.visitor.to(torch.device("cpu"))
