"""What is told about jails, on this machine and where they cannot be made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rlef_nsjail.health import findings, user_namespaces

pytestmark = pytest.mark.repository

DOCTOR = [sys.executable, "-m", "rlef_core", "doctor", "--json"]
WITHOUT_NAMESPACES = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"']


def test_the_probe_runs_a_program_in_a_jail() -> None:
    (finding,) = [finding for finding in findings() if finding.probe is not None]
    assert finding.works, finding
    found = finding.probe()
    assert found.works, found
    assert found.found.startswith("a program ran in a verified jail in ")


def test_where_no_namespace_can_be_made_jails_do_not_work_and_what_to_do_is_told() -> None:
    done = subprocess.run([*WITHOUT_NAMESPACES, *DOCTOR], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    told = {finding["name"]: finding for finding in json.loads(done.stdout) if finding["plugin"] == "nsjail"}
    assert told["nsjail"]["state"] == told["user namespaces"]["state"] == "does not work"
    assert "allow user namespaces: on the host `sysctl user.max_user_namespaces=15000`" in told["nsjail"]["found"]
    assert told["user namespaces"]["found"] == "0 allowed"


@pytest.mark.parametrize(("uid", "works"), [(0, True), (1000, False)])
def test_debians_switch_counts_for_users_only(tmp_path: Path, uid: int, works: bool) -> None:
    (tmp_path / "number").write_text("15000\n")
    (tmp_path / "debian").write_text("0\n")
    assert user_namespaces(tmp_path / "number", tmp_path / "debian", uid).works is works


def test_a_kernel_without_user_namespaces_allows_none(tmp_path: Path) -> None:
    assert user_namespaces(tmp_path / "number", tmp_path / "debian", 0).found == "0 allowed"
