"""Check what an executor keeps programs from, by harmless probes: canaries, listeners and sleepers that the checks made themselves."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlef_core.testing.executor.probing import Probing, Run
from rlef_core.testing.suite import needs, promise
from rlef_core.testing.surroundings import temporary_folder

READ = """
try:
    print("read", open({path!r}).read())
except OSError as error:
    print("kept out")
"""
WRITE = """
import os
for way in ("w", "a", "r+"):
    try:
        open({path!r}, way).write("changed")
    except OSError: pass
try:
    open({folder!r} + "/new", "w").close()
except OSError: pass
try:
    os.unlink({path!r})
except OSError: pass
"""
CONNECT = """
import socket
try:
    reached = socket.socket({family}, socket.SOCK_STREAM)
    reached.settimeout(5)
    reached.connect({address!r})
    print("reached")
except OSError:
    print("kept out")
"""
LOOK = """
import os
seen = False
for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
    try:
        seen |= {token!r}.encode() in open("/proc/" + entry + "/cmdline", "rb").read()
    except OSError: pass
print("seen" if seen else "kept out")
"""
SIGNAL = "import os\ntry: os.kill({pid}, 15)\nexcept OSError: pass"
DESCRIPTORS = """
import os
for number in range(3, 256):
    try:
        if {token!r}.encode() in os.pread(number, 1000, 0): print("read through", number)
    except OSError: pass
print("looked")
"""
ENVIRONMENT = """
import os
print(dict(os.environ))
try:
    print(open("/proc/self/environ").read())
except OSError: pass
"""


class Isolation(Probing):
    """Files, network, processes and environment of the host."""

    hides_host_files: bool = promise("a program cannot read files of the host")
    protects_host_files: bool = promise("a program cannot change files of the host, also not those that anybody may")
    isolates_network: bool = promise("a program reaches no network, also not this machine's own")
    hides_processes: bool = promise("a program sees no process of the host")
    protects_processes: bool = promise("a program can signal no process of the host")
    hides_environment: bool = promise("a program sees none of the caller's environment variables")

    @pytest.fixture(autouse=True)
    def secret(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """A word in this process's environment, set before the executor is made."""
        word = f"canary-{secrets.token_hex(8)}"
        monkeypatch.setenv("RLEF_CORE_TESTING_CANARY", word)
        return word

    @pytest.fixture
    def sleeper(self, secret: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A process of this test's that sleeps, with the secret in its command line."""
        with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)", secret]) as process:
            yield process
            process.kill()

    @needs("hides_host_files")
    @pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/dev/shm"])  # where a canary may be put on any machine
    async def test_a_canary_file_of_the_host_cannot_be_read(self, run: Run, secret: str, place: str) -> None:
        if not os.access(place, os.W_OK):
            return
        with temporary_folder(within=place) as folder:
            (canary := Path(folder, "canary")).write_text(secret)
            canary.chmod(0o644)
            completed = await run(READ.format(path=str(canary)))
        assert completed.stdout == b"kept out\n", f"a program read the canary {canary}: {completed.stdout!r}"

    @needs("protects_host_files")
    async def test_a_file_that_anybody_may_change_is_not_changed(self, run: Run, secret: str) -> None:
        with temporary_folder(mode=0o777) as folder:
            (canary := Path(folder, "canary")).write_text(secret)
            canary.chmod(0o666)
            await run(WRITE.format(path=str(canary), folder=folder))
            found = {path.name: path.read_text() for path in Path(folder).iterdir()}
        assert found == {"canary": secret}, f"a program changed {folder}: found {found}, expected the canary alone and unchanged"

    @needs("isolates_network")
    async def test_a_listener_on_the_loopback_interface_cannot_be_reached(self, run: Run) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            completed = await run(CONNECT.format(family="socket.AF_INET", address=listener.getsockname()))
        assert completed.stdout != b"reached\n", "a program reached a listener of this machine's"

    @needs("isolates_network")
    async def test_a_socket_without_a_file_cannot_be_reached(self, run: Run, secret: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(f"\0{secret}")
            listener.listen()
            completed = await run(CONNECT.format(family="socket.AF_UNIX", address=f"\0{secret}"))
        assert completed.stdout != b"reached\n", "a program reached an abstract socket of this machine's"

    @needs("hides_processes")
    async def test_a_process_of_the_host_is_not_seen(self, run: Run, secret: str, sleeper: "subprocess.Popen[bytes]") -> None:
        # The word is put together by the program: its own command line must not hold it.
        completed = await run(LOOK.replace("{token!r}", f"({secret[:9]!r} + {secret[9:]!r})"))
        assert completed.stdout == b"kept out\n", f"a program saw process {sleeper.pid} of the host"

    @needs("protects_processes")
    async def test_a_process_of_the_host_is_not_signalled(self, run: Run, sleeper: "subprocess.Popen[bytes]") -> None:
        await run(SIGNAL.format(pid=sleeper.pid))
        assert sleeper.poll() is None, f"a program ended process {sleeper.pid} of the host"

    @needs("hides_environment")
    async def test_a_variable_of_the_caller_is_not_seen(self, run: Run, secret: str) -> None:
        completed = await run(ENVIRONMENT)
        assert secret.encode() not in completed.stdout, "a program saw an environment variable of the caller's"

    async def test_no_descriptor_of_the_caller_reaches_a_program(self, run: Run, secret: str, temporary_folder: str) -> None:
        canary = Path(temporary_folder, "canary")
        canary.write_text(secret)
        descriptor = os.open(canary, os.O_RDONLY)
        os.set_inheritable(descriptor, True)
        try:
            completed = await run(DESCRIPTORS.replace("{token!r}", f"({secret[:9]!r} + {secret[9:]!r})"))
        finally:
            os.close(descriptor)
        assert completed.stdout == b"looked\n", f"a program read a file that the caller had open: {completed.stdout!r}"
