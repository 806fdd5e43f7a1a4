"""Tell how much memory there is for this process."""

from pathlib import Path

from rlef_core import Health
from rlef_core.builtin.machine.control_groups import contents
from rlef_core.builtin.machine.sizes import size

LEAST_BYTES = 2 << 30
"""About what the quickstart's run takes, with its sandbox."""


def memory(root: Path) -> Health:
    """What is available of the machine's memory, or a control group's limit where that is less; a note where it is little.

    The limit counts whole, since most of what a group uses may be cache that gives way.
    """
    lines = (line.split() for line in (root / "proc/meminfo").read_text(encoding="utf-8").splitlines())
    figures = {words[0]: int(words[1]) << 10 for words in lines}
    total, available = figures["MemTotal:"], figures["MemAvailable:"]
    limit = min(
        (int(word) for (word,) in contents(root, "memory", ("memory.limit_in_bytes", "memory.max")) if word != "max"), default=total
    )
    most = min(available, limit)
    found = f"{size(available)} of {size(total)} available" + (f", {size(limit)} by a control group" if limit < total else "")
    advice = "end what else runs, give the container more, or choose a smaller model and lower `rollout.concurrency`"
    return Health("memory", most >= LEAST_BYTES, found, advice, needed=False)
