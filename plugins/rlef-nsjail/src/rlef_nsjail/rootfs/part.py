"""Say what one tool brings into a tree, and which files of the host tell that it is still the same."""

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen


@frozen
class Part:
    """`files`: path inside the tree (absolute) to the file of the host that is copied there; a symbolic link stays one.

    `sources`: the files and folders of the host whose sizes and times are those of this part.
    `library_folders`: where the loader finds its shared libraries inside the tree.
    """

    files: Mapping[str, Path] = field(factory=dict)
    sources: frozenset[Path] = frozenset()
    library_folders: frozenset[str] = frozenset()

    def __or__(self, other: "Part") -> "Part":
        return Part({**self.files, **other.files}, self.sources | other.sources, self.library_folders | other.library_folders)
