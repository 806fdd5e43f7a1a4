"""The plugin keeps standard output for what commands print."""

import subprocess
import sys

BUILD = """
import sys
from pathlib import Path
from rlef_core.testing import BuildContext
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.plugin import build_deepspeed_ppo
build_deepspeed_ppo(DeepSpeedPpoConfig(), BuildContext(Path("unused")))
"""


def test_what_deepspeed_says_when_it_is_imported_goes_to_standard_error() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", BUILD], capture_output=True, text=True, timeout=300, check=False)
    assert "the spec has no model: block" in done.stderr, "it was imported, and then refused what it was given"
    assert not done.stdout
