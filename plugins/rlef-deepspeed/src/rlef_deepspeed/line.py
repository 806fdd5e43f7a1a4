"""Talk to one process over a connection without waiting for it."""

import os
import socket
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from queue import SimpleQueue
from threading import Thread
from typing import Any

from rlef_deepspeed.meeting import alert


class Line:
    """One connection, with a thread that sends what is due: one that reads nothing holds nobody up."""

    def __init__(self, accepted: socket.socket) -> None:
        self._connection = Connection(accepted.detach())
        self._due: SimpleQueue[bytes | None] = SimpleQueue()

    def listen(self, key: bytes, heard: Callable[[Any], None]) -> None:
        """Hear all that comes, on this thread; returns when the other side is gone, or does not know the key."""
        sender = Thread(target=self._send, name="rlef-deepspeed sender", daemon=True)
        try:
            deliver_challenge(self._connection, key)
            answer_challenge(self._connection, key)
            alert(self._connection)
            sender.start()
            while True:
                heard(self._connection.recv())
        except (EOFError, OSError, AuthenticationError):
            return
        finally:
            self._due.put(None)
            self._shut(socket.SHUT_RDWR)  # a sender that waits goes on, and has ended before what it sends by is closed
            if sender.is_alive():
                sender.join()
            self._connection.close()

    def send(self, message: bytes) -> None:
        """Send a pickled message when the other side can take it."""
        self._due.put(message)

    def hang_up(self) -> None:
        """Tell the other side that nothing more comes; `listen` returns when it has hung up too."""
        self._shut(socket.SHUT_WR)

    def _shut(self, how: int) -> None:
        try:
            with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(how)
        except OSError:
            return  # it was gone already

    def _send(self) -> None:
        try:
            while (message := self._due.get()) is not None:
                self._connection.send_bytes(message)
        except OSError:
            return  # `listen` sees it too
