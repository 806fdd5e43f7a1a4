"""Set the environment variables that vLLM's processes are started with."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rlef_core import Context
from rlef_vllm.inside import LOG


def log_of(context: Context, number: int = 0) -> Path:
    """The log of an engine, in the run's directory; its folder is made."""
    folder = context.directory / "components" / "vllm"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"engine-{number}.log"


def quiet(log: Path) -> Mapping[str, str]:
    """Environment variables with which vLLM writes to `log` and not across the run's progress, and reports to nobody."""
    return {LOG: str(log), "VLLM_LOGGING_STREAM": "ext://rlef_vllm.inside.LOG_STREAM", "VLLM_NO_USAGE_STATS": "1"}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block: processes started there inherit them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
