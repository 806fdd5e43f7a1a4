"""Executors with one fault each, for the suite to find."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import attrs

from rlef_core import Completed, ExecutorFault
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor

FIRST_UID = 62000


class Wrapped:
    """A sound executor; a mutant changes one thing of it."""

    def __init__(self, **settings):
        self.inner = SubprocessExecutor(2, FIRST_UID, **settings)

    async def run(self, job):
        async for completed in self.inner.run(job):
            yield self.told(completed)

    def told(self, completed):
        return completed

    async def close(self):
        await self.inner.close()


class LeavesAFile(Wrapped):
    def told(self, completed):
        os.close(tempfile.mkstemp()[0])
        return completed


class LeavesAProcess(Wrapped):
    def told(self, completed):
        subprocess.Popen(["sleep", "20"])
        return completed


class LeavesADescriptor(Wrapped):
    def told(self, completed):
        os.open("/dev/null", os.O_RDONLY)
        return completed


class KeepsEveryRecord(Wrapped):
    def __init__(self):
        super().__init__()
        self.kept = []

    def told(self, completed):
        self.kept.append(completed.stdout + b"!")
        return completed


class RoundsTheTime(Wrapped):
    def told(self, completed):
        return attrs.evolve(completed, cpu_seconds=float(round(completed.cpu_seconds)))


class CountsTheWall(Wrapped):
    def told(self, completed):
        return attrs.evolve(completed, cpu_seconds=completed.wall_seconds, limit=None)


class TellsASignalAsAnExitCode(Wrapped):
    def told(self, completed):
        return completed if completed.signal is None else attrs.evolve(completed, exit_code=128 + completed.signal, signal=None)


class ReadsText(Wrapped):
    def told(self, completed):
        return attrs.evolve(completed, stdout=completed.stdout.decode("utf-8", "replace").encode())


class ForgetsTheLimit(Wrapped):
    def told(self, completed):
        return attrs.evolve(completed, limit=None)


class LeaksTheEnvironment(Wrapped):
    def __init__(self):
        super().__init__(environment={key: value for key, value in os.environ.items() if key not in ("TMPDIR", "HOME")})


class HashesAtRandom(Wrapped):
    def __init__(self):
        super().__init__(environment={"PYTHONHASHSEED": "random"})


class TakesADeadSandboxForAProgram(Wrapped):
    async def run(self, job):
        done = 0
        try:
            async for completed in self.inner.run(job):
                yield completed
                done += 1
        except ExecutorFault as fault:
            if "closed" in str(fault):
                raise
            yield Completed(done, 137, None, b"", b"", 0.0, 0.0, 0)


class YieldsWhatIsReadyFirst(Wrapped):
    async def run(self, job):
        async def one(index):
            (completed,) = [each async for each in self.inner.run(attrs.evolve(job, cases=(job.cases[index],)))]
            return attrs.evolve(completed, case=index)

        for task in asyncio.as_completed([one(index) for index in range(len(job.cases))]):
            yield await task


class RunsOnWhenClosed(Wrapped):
    async def run(self, job):
        records = asyncio.Queue()

        async def collect():
            async for completed in self.inner.run(job):
                records.put_nowait(completed)

        self.task = asyncio.create_task(collect())
        for _ in range(len(job.cases) + bool(job.language.build)):
            yield await records.get()


class PlainProcesses:
    """What one writes in ten minutes: a process a case, all in one folder, nothing cleared up."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()

    async def run(self, job):
        for index, case in enumerate(job.cases):
            (Path(self.folder) / "program.py").write_text(job.source)
            environment = {"PYTHONHASHSEED": "0", "HOME": self.folder, "TMPDIR": self.folder}
            with tempfile.TemporaryFile() as stdin:
                stdin.write(case.stdin)
                stdin.seek(0)
                done = subprocess.run(
                    [sys.executable, "program.py"],
                    stdin=stdin,
                    capture_output=True,
                    close_fds=False,
                    cwd=self.folder,
                    env=environment,
                    check=False,
                )
            code = done.returncode
            yield Completed(index, code if code >= 0 else None, -code if code < 0 else None, done.stdout, done.stderr, 0.0, 0.0, 0)

    async def close(self):
        pass


SERVER = """
import contextlib, io, json, sys
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as written:
        exec(json.loads(line), {})
    print(json.dumps(written.getvalue()), flush=True)
"""


class OneInterpreter:
    """Every program in one process, one after the other."""

    def __init__(self):
        self.server = subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    async def run(self, job):
        for index, _ in enumerate(job.cases):
            self.server.stdin.write(json.dumps(job.source) + "\n")
            self.server.stdin.flush()
            yield Completed(index, 0, None, json.loads(self.server.stdout.readline()).encode(), b"", 0.0, 0.0, 0)

    async def close(self):
        self.server.kill()
        self.server.communicate()
