"""Jails can be made under what a container takes away, as the documentation says; where it takes too much, that is told."""

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from .as_user import UID, as_user

pytestmark = pytest.mark.repository

SHOW = [sys.executable, "-m", "rlef_core", "plugins", "show", "nsjail"]
JUDGE = [sys.executable, "-m", "rlef_core", "judge", "--use", "nsjail", "--language", "python"]
DOCKERS = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap"
WITHOUT = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
AS_DOCKERS_ROOT = ["setpriv", "--inh-caps=-all", f"--bounding-set=-all,{','.join(f'+{name}' for name in DOCKERS.split())}"]
NO_NEW_PRIVILEGES = ["setpriv", "--no-new-privs"]
CLONE, MOUNT = 56, 165
NEW_NAMESPACE = 0x7E020000


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[list[str]]:
    """The command that judges a right program; its files and its cache can be reached by the ordinary user."""
    (tmp_path / "solution.py").write_text("print(1)")
    (tmp_path / "cases.jsonl").write_text('{"input": "", "output": "1"}')
    if os.geteuid() == 0:
        os.chown(tmp_path, UID, UID)
    return [*JUDGE, str(tmp_path / "solution.py"), "--cases", str(tmp_path / "cases.jsonl")]


def test_no_new_privileges_are_needed(judged: list[str]) -> None:
    assert said([*NO_NEW_PRIVILEGES, *judged]).endswith("accepted\n")


if os.geteuid() == 0:

    def test_root_needs_no_more_capabilities_than_docker_leaves(judged: list[str]) -> None:
        assert said([*AS_DOCKERS_ROOT, *judged]).endswith("accepted\n")

    def test_a_user_needs_no_capability(judged: list[str], tmp_path: Path) -> None:
        needed = [Path(path) for path in {sys.prefix, sys.base_prefix, str(tmp_path), *filter(os.path.isdir, sys.path)}]
        command = as_user([*NO_NEW_PRIVILEGES, *judged], needed)
        command[-1] = command[-1].replace("setpriv --reuid", f"{' '.join(WITHOUT)} --reuid")
        assert said(command, XDG_CACHE_HOME=str(tmp_path / "cache")).endswith("accepted\n")

    def test_root_without_capabilities_is_told() -> None:
        assert "gid_map' (fd='6'): Operation not permitted" in " ".join(said([*WITHOUT, *SHOW]).split())


@pytest.mark.parametrize(
    ("number", "mask", "told"),
    [(CLONE, NEW_NAMESPACE, "CLONE_NEWPID|CLONE_NEWNET) failed: Operation not permitted"), (MOUNT, 0, "Operation not permitted")],
    ids=["namespaces", "mounts"],
)
def test_a_container_that_refuses_what_jails_are_made_of_is_told(number: int, mask: int, told: str) -> None:
    answer = said(SHOW, before=lambda: refuse(number, mask))
    assert "unavailable: this machine lets nobody make the namespaces of a jail" in " ".join(answer.split())
    assert told in answer


def test_without_user_namespaces_that_is_told() -> None:
    none = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"']
    assert "CLONE_NEWPID|CLONE_NEWNET) failed: No space left on device" in said([*none, *SHOW])


def said(command: Sequence[str], before: Callable[[], None] | None = None, **variables: str) -> str:
    """All that a command says; `before` is called in its process first."""
    environment = {**os.environ, **variables, "COLUMNS": "1000"}
    done = subprocess.run(command, env=environment, preexec_fn=before, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def refuse(number: int, mask: int) -> None:
    """From here on the system call is not permitted: where `mask` is given, if its first argument has any of these bits; else always."""
    load, equal, has_bits, end = 0x20, 0x15, 0x45, 0x06
    denied, absent, allowed = 0x00050001, 0x00050026, 0x7FFF0000
    lines = [
        (load, 0, 0, 0),
        (equal, 4, 0, 435),  # clone3, whose flags a filter cannot see
        (equal, 0, 4, number),
        (load, 0, 0, 16),
        *([(has_bits, 0, 2, mask)] if mask else [(equal, 0, 0, 0)]),
        (end, 0, 0, denied),
        (end, 0, 0, absent),
        (end, 0, 0, allowed),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in lines))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)
    assert libc.prctl(22, 2, struct.pack("<HxxxxxxQ", len(lines), ctypes.addressof(code)), 0, 0) == 0
