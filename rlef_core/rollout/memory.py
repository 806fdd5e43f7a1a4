"""Keep what became of programs by what decides it: the job, the executor, the case."""

import hashlib
from collections import OrderedDict
from typing import Any

from attrs import frozen

from rlef_core.records import Completed, Job, LimitHit, Limits

NEAR_THE_LIMIT = (0.8, 1.25)
"""A program whose use of something over its limit lies in here may get another verdict the next time, so that it is not kept."""

OVERHEAD_BYTES = 600
"""What keeping a result takes besides its outputs, about."""


@frozen
class Step:
    """One thing to run: the build (`case` None) or a case of the job; `key` stands for all that decides its result."""

    key: bytes
    case: int | None


def steps_of(job: Job, identity: str) -> list[Step]:
    """The build, if there is one, and the cases. `identity` tells executors apart whose results may differ."""
    stem = _digest(identity, repr(job.language), job.source, repr(job.limits))
    build = [Step(stem, None)] if job.language.build else []
    return build + [
        Step(_digest(stem, case.kind.value, case.stdin, case.output_file, *_flat(case.files)), index)
        for index, case in enumerate(job.cases)
    ]


class Memory:
    """Completed runs by key; holds at most `most_bytes` of outputs."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._kept: OrderedDict[bytes, Completed] = OrderedDict()

    def get(self, key: bytes) -> Completed | None:
        """What is kept, which thereby counts as used."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: bytes, completed: Completed, limits: Limits) -> None:
        """Keep a result that would be the same again; the least recently used ones make room."""
        if key in self._kept or _may_change(completed, limits):
            return
        self._kept[key] = completed
        self._left -= _size(completed)
        while self._left < 0:
            self._left += _size(self._kept.popitem(last=False)[1])


def _may_change(completed: Completed, limits: Limits) -> bool:
    if completed.limit in {LimitHit.TIME, LimitHit.WALL}:
        return True
    used = [completed.cpu_seconds / limits.cpu_seconds, completed.wall_seconds / limits.wall_seconds]
    if completed.limit is LimitHit.MEMORY:
        used.append(completed.peak_memory_bytes / limits.memory_bytes)
    low, high = NEAR_THE_LIMIT
    return any(low <= share <= high for share in used)


def _size(completed: Completed) -> int:
    return len(completed.stdout) + len(completed.stderr) + OVERHEAD_BYTES


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def _flat(files: Any) -> list[str | bytes]:
    return [part for name in sorted(files) for part in (name, files[name])]
