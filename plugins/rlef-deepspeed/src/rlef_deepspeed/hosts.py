"""Read a host file, and find the address that its machines reach this one at."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

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


def address_for(hosts: Mapping[str, int]) -> str:
    """Return this machine's address on the way to the others. Raises UsageError for a name that is not known here."""
    for name in hosts:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((name, 9))  # sends nothing
                address = str(probe.getsockname()[0])
        except OSError as error:
            raise UsageError(
                f"optimizer.hostfile names {name!r}, which this machine does not know ({error.strerror}); mend the name"
            ) from error
        if not address.startswith("127."):
            return address
    return _HERE
