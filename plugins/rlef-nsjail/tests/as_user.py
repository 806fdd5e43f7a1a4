"""Run a command as an ordinary user, from root, with what it needs within that user's reach."""

import shlex
from collections.abc import Sequence
from pathlib import Path

UID = 1000


def as_user(argv: Sequence[str], needed: Sequence[Path]) -> list[str]:
    """The command that does it. Folders of `needed` that lie where only root may go are shown at their own places to it alone."""
    dropped = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--", *argv]
    hidden = {path.resolve(): top for path in needed if (top := _closed(path.resolve()))}
    if not hidden:
        return dropped
    # The mounts are seen by this command and its children only.
    lines = ["mount -t tmpfs none /mnt"]
    for number, path in enumerate(hidden):
        lines += [f"mkdir /mnt/{number}", f"mount --bind {shlex.quote(str(path))} /mnt/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(top))}" for top in sorted(set(hidden.values()))]
    for number, path in enumerate(hidden):
        lines += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind /mnt/{number} {shlex.quote(str(path))}"]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", "\n".join([*lines, f"exec {shlex.join(dropped)}"])]


def _closed(path: Path) -> Path | None:
    """The highest folder on the way to `path` that others may not enter."""
    return next((folder for folder in [*reversed(path.parents), path] if not folder.stat().st_mode & 0o001), None)
