"""Tell a failed transfer of weights from other failures."""

from rlef_core import RlefError


class TransferError(RlefError):
    """Weights did not come from the trainer to an engine; the message says which, what was missing and what to do."""
