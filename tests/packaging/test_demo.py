"""What `make demo` runs programs in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.repository


def demo(*around: str) -> str:
    environment = {**os.environ, "RLEF_CORE": str(Path(sys.executable).parent / "rlef-core")}
    command = [*around, str(REPOSITORY / "tools/demo.sh"), "--which"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_takes_the_sandbox_where_it_can_run():
    assert demo() == "demo: takes the executor nsjail\n"


def test_without_user_namespaces_the_demo_tells_why_and_goes_on_unprotected():
    told = demo("unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"')
    assert "this machine lets nobody make the namespaces of a jail" in told
    assert "only for this demo, whose programs a tiny model makes by itself" in told
    assert told.splitlines()[-1] == "demo: takes the executor unsafe-subprocess"
