"""What every executor of programs needs, for authors of executors: jobs as plain requests, and one rule for what became of a run."""

from rlef_core.sandbox import requests, tools
from rlef_core.sandbox.bundle import bundle
from rlef_core.sandbox.memory import memory_file
from rlef_core.sandbox.outcome import completed
from rlef_core.sandbox.requests import Request

__all__ = ["Request", "bundle", "completed", "memory_file", "requests", "tools"]
