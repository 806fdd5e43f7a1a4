"""Tell a rank that failed from other failures."""

from rlef_core import RlefError


class RankError(RlefError):
    """A rank failed, died or did not answer; the message says which, its last words and where its log is. All ranks have been ended."""
