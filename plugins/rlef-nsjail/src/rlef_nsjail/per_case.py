"""A fresh jail for every case, with a fresh Python in it: how most sandboxes use nsjail. To measure `nsjail` beside, not to be chosen."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from rlef_core import Completed, Job
from rlef_core.sandbox import memory_file
from rlef_core.sandbox.piped import piped
from rlef_nsjail import cgroups, rootfs
from rlef_nsjail.design import configuration
from rlef_nsjail.kinds import Kinds
from rlef_nsjail.plugin import NsjailConfig


class NsjailPerCase:
    """Jails as `nsjail` makes them, without its harness, its second filter and its check of each jail.

    The limit of CPU time is one of wall time, as it is wherever jails are used like this.
    """

    def __init__(self, config: NsjailConfig, binary: Path) -> None:
        self._binary = binary
        self._cgroups = cgroups.find(config.cgroup)
        self._uid = config.first_uid if os.geteuid() == 0 else None
        self._kinds = Kinds(
            cache=config.cache or rootfs.default_cache(),
            folders=config.folders,
            environment=config.environment,
            multiprocess=config.multiprocess,
            scratch_bytes=config.scratch_bytes,
        )

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        """See roles.Executor."""
        design = (await self._kinds.of(job.language)).design
        text = configuration(design, self._uid, self._cgroups).encode()
        with memory_file(text, sealed=True) as config:
            start = (str(self._binary), "--config", f"/proc/self/fd/{config}", "--")
            argv = (*start, design.root.python, "-s", "-S", "-B", "-c", job.source)
            for index, case in enumerate(job.cases):
                yield await asyncio.to_thread(piped, index, case, argv, job.limits.cpu_seconds, {}, (config,))

    async def close(self) -> None:
        """See roles.Executor."""
