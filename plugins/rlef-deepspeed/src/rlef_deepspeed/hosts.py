"""Read a host file, and find the addresses that its machines and this one reach one another at."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from rlef_core import UsageError

_LINE = re.compile(r"(\S+)\s+slots=(\d+)\s*")
_HERE = "127.0.0.1"


def read_hosts(path: Path, world_size: int) -> Mapping[str, int]:
    """Return how many ranks each machine runs, by name. Raises UsageError unless they are `world_size` in all."""
    try:
        lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    except OSError as error:
        raise UsageError(
            f"optimizer.hostfile {str(path)!r} cannot be read: {error.strerror}; give a file of `NAME slots=N` lines"
        ) from error
    hosts: dict[str, int] = {}
    for line in filter(None, lines):
        found = _LINE.fullmatch(line)
        if found is None or found[1] in hosts:
            raise UsageError(f"optimizer.hostfile {str(path)!r} has a line {line!r}, expected `NAME slots=N`, each name once")
        hosts[found[1]] = int(found[2])
    slots = sum(hosts.values())
    if slots != world_size:
        raise UsageError(
            f"optimizer.hostfile {str(path)!r} has {slots} slots, optimizer.world_size is {world_size}; give both the same number"
        )
    return hosts


@frozen
class Places:
    """Where ranks run and meet.

    slots: how many ranks each machine runs, by name, in the order of ranks. here: the address that they reach this machine at. meeting: the
    one that they meet at, of rank 0's machine. elsewhere: whether any of them is not on this machine.
    """

    slots: Mapping[str, int]
    here: str = _HERE
    meeting: str = _HERE
    elsewhere: bool = False

    @classmethod
    def of(cls, slots: Mapping[str, int]) -> "Places":
        """Look the names up. Raises UsageError for a name that is not known here, or a machine that cannot be reached."""
        addresses = [_address(name) for name in slots]
        others = [address for address in addresses if not _is_here(address)]
        if not others:
            return cls(slots)
        here = _way_to(others[0])
        return cls(slots, here, here if _is_here(addresses[0]) else addresses[0], elsewhere=True)


def _address(name: str) -> str:
    try:
        return socket.gethostbyname(name)
    except OSError as error:
        raise UsageError(f"optimizer.hostfile names {name!r}, which is not known here ({error.strerror}); mend the name") from error


def _is_here(address: str) -> bool:
    try:
        with socket.create_server((address, 0)):
            return True
    except OSError:  # only an own address can be listened at
        return False


def _way_to(address: str) -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # sends nothing
            return str(probe.getsockname()[0])
    except OSError as error:
        raise UsageError(f"optimizer.hostfile names a machine at {address}, to which no way leads ({error.strerror})") from error
