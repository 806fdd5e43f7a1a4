"""A line to a process ends when the process does, whatever was being sent."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Client
from threading import enumerate as threads

from rlef_deepspeed.line import Line

KEY = b"the key"


def test_a_line_that_breaks_in_the_midst_of_a_message_ends_with_its_sender() -> None:
    for _ in range(5):  # its two threads notice in either order
        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(2) as pool:
            joining = pool.submit(Client, server.getsockname(), authkey=KEY)
            line = Line(server.accept()[0])
            listening = pool.submit(line.listen, KEY, print)
            line.send(bytes(8_000_000))
            there = joining.result(10)
            os.read(there.fileno(), 1)  # it is being sent
            there.close()
            listening.result(10)
    assert "rlef-deepspeed sender" not in [thread.name for thread in threads()]
