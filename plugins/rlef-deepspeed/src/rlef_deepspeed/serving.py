"""Run one rank, as launchers do: `python -m rlef_deepspeed.serving CREW`, where CREW is the file in which the driver says how to reach it.

Nothing heavy is imported here. The process forks: the child becomes the rank, the parent stays as its warden. It passes on what driver and
rank say to one another, tells the driver how the rank ended, and kills it when the driver is gone, whatever the rank is doing.
"""

import os
import signal
import socket
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Client, Connection, wait
from pathlib import Path

from rlef_deepspeed.body import Body
from rlef_deepspeed.leash import die_with
from rlef_deepspeed.logs import log_of, write_to
from rlef_deepspeed.meeting import Meeting, alert
from rlef_deepspeed.messages import Ended, Failure, Hello, Start


def main() -> int:
    """Return the exit status: 0 where the rank ended by itself, and well."""
    die_with(os.getppid())
    rank = int(os.environ["RANK"])
    meeting = Meeting.read(Path(sys.argv[1]))
    write_to(log_of(meeting.directory, rank))
    driver = Client(meeting.address, authkey=meeting.key)
    alert(driver)
    outer, inner = Pipe()
    warden, process = os.getpid(), os.fork()
    if process == 0:
        driver.close()
        outer.close()
        die_with(warden)
        return _become(rank, inner)
    inner.close()
    driver.send(Hello(rank, socket.gethostname(), warden, process))
    return _watch(driver, outer, process)


def _watch(driver: Connection, rank: Connection, process: int) -> int:
    other = {driver: rank, rank: driver}
    gone: Connection | None = None
    while gone is None:
        for ready in wait([driver, rank]):
            assert isinstance(ready, Connection)  # nothing else is waited for
            try:
                message = ready.recv_bytes()
            except (EOFError, OSError):
                gone = ready
                break
            try:
                other[ready].send_bytes(message)
            except OSError:
                gone = other[ready]
                break
    if gone is driver:
        os.kill(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if gone is rank:
        _tell(driver, status)
    return int(status != 0)


def _tell(driver: Connection, status: int) -> None:
    try:
        driver.send(Ended(status))
    except OSError:
        return  # the driver is gone too, and nobody is left to be told


def _become(rank: int, driver: Connection) -> int:
    start: Start = driver.recv()
    for name, value in start.environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        body = Body(driver, rank, start.maker)
    except BaseException as error:
        driver.send(Failure.of(error))
        raise
    body.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
