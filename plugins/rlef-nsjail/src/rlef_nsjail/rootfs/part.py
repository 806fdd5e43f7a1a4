"""Say what one tool brings into a tree, and which files of the host tell that it is still the same."""

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen


@frozen
class Part:
    """`files`: path inside the tree (absolute) to the file of the host that is copied there; a symbolic link stays one.

    `sources`: the files and folders of the host whose sizes and times are those of this part.
    """

    files: Mapping[str, Path] = field(factory=dict)
    sources: frozenset[Path] = frozenset()

    def __or__(self, other: "Part") -> "Part":
        return Part({**self.files, **other.files}, self.sources | other.sources)
