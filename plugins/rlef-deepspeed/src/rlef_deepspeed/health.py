"""Look whether DeepSpeed is installed, and what it needs to compile its own operators."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from rlef_core import Health

PROBE_SECONDS = 300
_INSTALL = "pip install rlef-deepspeed[lora]"
_PROBE = "import deepspeed; print(deepspeed.accelerator.get_accelerator().device_name())"


def missing(*, lora: bool) -> str | None:
    """Return what is not installed of what is needed, or None."""
    absent = [name for name in ("deepspeed", *(("peft",) if lora else ())) if _version(name) is None]
    return f"{' and '.join(absent)} is not installed; {_INSTALL}" if absent else None


def report() -> Iterable[Health]:
    """Two findings; the first one's probe imports DeepSpeed in a process of its own."""
    found = _version("deepspeed")
    if found is None:
        yield Health("DeepSpeed", False, "not installed", f"to use it, {_INSTALL}", needed=False)
        return
    yield Health("DeepSpeed", True, f"deepspeed {found}", probe=lambda: _probed(f"deepspeed {found}"))
    compiler = shutil.which("g++") or shutil.which("c++")
    advice = "DeepSpeed compiles its own operators on first use (offloading, and what ranks on CPUs exchange); install g++"
    yield Health("C++ compiler", compiler is not None, compiler or "found no g++", "" if compiler else advice, needed=False)


def _probed(found: str) -> Health:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    if done.returncode == 0:
        return Health("DeepSpeed", True, f"{found}, on {done.stdout.split()[-1]}")
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return Health("DeepSpeed", False, f"{found} cannot be imported: {last[0]}", f"install it anew: {_INSTALL}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
