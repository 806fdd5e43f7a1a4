"""Executor `unsafe-subprocess`: programs as plain processes with limits. It keeps a program from lasting, not from looking around."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from rlef_core import Component, Context, Executor, Offer, RlefError, component, positive, setting

NOT_ISOLATED = (
    "it isolates nothing: programs can read every file that their user can read, use the network, and see other processes; "
    "there are no namespaces and no system-call filter. Run only programs that you would run yourself"
)


@frozen
class UnsafeSubprocessConfig:
    """Settings of `unsafe-subprocess`."""

    workers: int | None = setting(None, help="programs that run at once; the executor's share of threads unless set", validator=positive)
    first_uid: int = setting(
        60000, help="as root, programs run as this user and those after it, each as one that no other program has", validator=positive
    )
    directory: Path | None = setting(None, help="where the programs' working folders are made; the system's temporary folder unless set")
    environment: Mapping[str, str] = setting(factory=dict, help="variables that programs get besides the fixed ones")


def build(config: UnsafeSubprocessConfig, context: Context) -> Executor:
    """The executor. Raises RlefError where it cannot work, in the words of its Offer."""
    from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor  # noqa: PLC0415  # asyncio, for runs only

    if reason := unavailable():
        raise RlefError(reason)
    return SubprocessExecutor(config.workers or context.threads, config.first_uid, config.directory, config.environment)


def unavailable() -> str | None:
    """Why it cannot run here and what to do, or None."""
    if not sys.platform.startswith("linux"):
        return f"this is {sys.platform}, and unsafe-subprocess needs Linux: run it in a container"
    if os.geteuid() == 0 and not _may_change_user():
        return "this is root without the right to change user (CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_CHOWN): run as an ordinary user"
    return None


def _may_change_user() -> bool:
    # Bits of linux/capability.h: chown, kill, setgid, setuid.
    wanted = sum(1 << bit for bit in (0, 5, 6, 7))
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return int(effective, 16) & wanted == wanted


def offers(config: UnsafeSubprocessConfig) -> Offer:
    """No isolation, and a warning that says so."""
    return Offer(isolation=(), unavailable=unavailable(), warnings=(NOT_ISOLATED,))


COMPONENT: Component[Executor] = component(
    name="unsafe-subprocess",
    summary="runs programs as plain processes under limits, without isolation; as root under a user of their own",
    config=UnsafeSubprocessConfig,
    build=build,
    offers=offers,
    example=UnsafeSubprocessConfig,
)
