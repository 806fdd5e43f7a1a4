"""Report what loading models depends on; the rest of this distribution is a library for other plugins."""

import os
from collections.abc import Iterable
from importlib.metadata import version

from rlef_core import Health, hookimpl


@hookimpl
def rlef_report_health() -> Iterable[Health]:
    """Name transformers' version, and whether the hub is asked at all (it is not tried here)."""
    offline = os.environ.get("HF_HUB_OFFLINE", "")
    hub = f"HF_HUB_OFFLINE={offline}: hub names are looked up in the local cache only" if offline else "hub names are asked for when needed"
    return [Health("transformers", True, version("transformers")), Health("hub", True, hub)]
