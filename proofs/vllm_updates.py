"""Show that 200 updates under load lose no request, mix up no version and leave memory flat: the engine's own test of it, at length."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from record import REPOSITORY, record

TEST = "plugins/rlef-vllm/tests/test_updates.py"
UPDATES = 200


def main() -> int:
    """Run the test, record what it found, and return 0 if every bound holds."""
    load = os.getloadavg()[0]
    status, found = tested(UPDATES)
    if found is None:
        print("nothing was recorded: the test ended before its last update")
        return status
    path = record("vllm-updates", holds=status == 0, seeds=[0], numbers={"load_before": round(load, 2), **found})
    print(f"{'holds' if status == 0 else 'does not hold'}: {path.relative_to(REPOSITORY)}")
    return status


def tested(updates: int) -> tuple[int, dict[str, Any] | None]:
    """The test's exit status with so many updates, and its figures, if it came to them."""
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as folder:
        report = Path(folder) / "report.xml"
        words = ["-m", "pytest", "-q", TEST, f"--junitxml={report}", "-o", "junit_family=xunit1"]  # which takes properties
        done = subprocess.run([sys.executable, *words], cwd=REPOSITORY, env={**os.environ, "RLEF_VLLM_UPDATES": str(updates)}, check=False)
        said = ElementTree.parse(report).find(".//property[@name='found']") if report.exists() else None
    return done.returncode, None if said is None else json.loads(said.attrib["value"])


if __name__ == "__main__":
    sys.exit(main())
