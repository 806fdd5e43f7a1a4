"""Move weights from the process that trains to the processes that sample: both sides of every scheme.

An optimizer keeps a `Publisher`; each worker of an engine keeps a `Receiver`; where a scheme needs to know how many receivers there are,
the policy tells it by `announce`. docs/how-to/move-weights.md says which scheme is for what, and what plugins must keep to.
"""

from rlef_models.transfer.errors import TransferError
from rlef_models.transfer.groups import announce
from rlef_models.transfer.parameters import Entry, Parameters
from rlef_models.transfer.publisher import SCHEMES, Publisher
from rlef_models.transfer.receiver import Receiver

__all__ = ["SCHEMES", "Entry", "Parameters", "Publisher", "Receiver", "TransferError", "announce"]
