"""A jail that is not as it was asked to be runs no program: nsjail gets other orders behind our back, as if it failed open."""

import re
from pathlib import Path

import pytest

from rlef_nsjail import binary
from rlef_nsjail.verify import UnsafeJailError

from .conftest import jails, run_all

pytestmark = pytest.mark.repository

# What sed does to the configuration, and what is told.
OPENINGS = {
    "no filter": ("/^seccomp_string/d", "no system call is filtered"),
    "a filter that allows sockets": (r"s/ socket, connect,//; s/read, write,/read, write, socket,/", "its canary found sockets"),
    "our network": (r"$ a clone_newnet: false", "it shares our net namespace"),
    "our processes' messages": (r"$ a clone_newipc: false", "it shares our ipc namespace"),
    "a writable root": (r'/dst: "\/"$/,/}/ s/is_bind: true/is_bind: true\n  rw: true/', "/ is mounted without ro"),
    "a folder of the host": (r'$ a mount { src: "/usr" dst: "/box" is_bind: true }', "/box is mounted"),
    "set-uid files": (r'/dst: "\/tmp"$/,/}/ s/nosuid: true//', "/tmp is mounted without nosuid"),
    "a capability": ('$ a cap: "CAP_NET_RAW"', "expected none"),
    "a variable of ours": ('$ a envar: "SECRET=1"', "its canary found environment"),
}


@pytest.mark.parametrize("opening", OPENINGS)
async def test_an_opening_in_a_jail_is_seen(opened, tmp_path: Path, opening: str) -> None:
    change, told = OPENINGS[opening]
    async with opened(binary=disobedient(tmp_path, change)) as executor:
        with pytest.raises(UnsafeJailError, match=re.escape(told)) as raised:
            await run_all(executor, "print(1)", [b""])
        assert "no program was run in it" in str(raised.value)
        assert not jails(executor)


async def test_the_same_detour_without_a_change_runs(opened, tmp_path: Path) -> None:
    async with opened(binary=disobedient(tmp_path, "")) as executor:
        assert (await run_all(executor, "print(1)", [b""]))[0].stdout == b"1\n"


def disobedient(folder: Path, change: str) -> Path:
    """A program in the place of nsjail that changes the configuration before it goes on as nsjail."""
    real = binary.binary_of(None)
    path = folder / "nsjail"
    (folder / "change.sed").write_text(change)
    path.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --config ] || exec {real} "$@"\n'
        f'sed -f {folder}/change.sed "$2" > {folder}/changed.cfg\n'
        f'shift 2; exec {real} --config {folder}/changed.cfg "$@"\n'
    )
    path.chmod(0o755)
    return path
