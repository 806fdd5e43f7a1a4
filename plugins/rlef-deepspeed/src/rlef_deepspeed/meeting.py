"""Say where the driver and its ranks meet: a file that only this user can read, so that the key is on no command line."""

import json
import os
import secrets
import socket
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from attrs import frozen


@frozen
class Meeting:
    """Where the driver listens, the key that both sides must know, and the folder of the ranks' logs."""

    address: tuple[str, int]
    key: bytes
    directory: Path

    @classmethod
    def at(cls, address: tuple[str, int], directory: Path) -> "Meeting":
        """Return a meeting with a new key."""
        return cls(address, secrets.token_bytes(32), directory)

    def write(self) -> Path:
        """Write it below the directory; return the file."""
        descriptor, path = tempfile.mkstemp(".json", "crew-", self.directory)  # which nobody else may read
        with os.fdopen(descriptor, "w") as file:
            json.dump({"address": self.address, "key": self.key.hex()}, file)
        return Path(path)

    @classmethod
    def read(cls, path: Path) -> "Meeting":
        """Read what `write` wrote."""
        told = json.loads(path.read_text())
        host, port = told["address"]
        return cls((host, port), bytes.fromhex(told["key"]), path.parent)


def alert(connection: Connection) -> None:
    """Have the kernel notice within two minutes when the machine at the connection's other end is lost."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 6)):
            line.setsockopt(socket.IPPROTO_TCP, option, value)
