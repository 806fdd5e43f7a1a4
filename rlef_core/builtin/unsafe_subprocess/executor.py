"""Run jobs on a few supervisors, one case at a time each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from rlef_core import Completed, ExecutorFault, Job, PluginError, Tool
from rlef_core.builtin.unsafe_subprocess.workers import Worker, Workers
from rlef_core.sandbox import Request, completed, memory_file, requests, tools
from rlef_core.sandbox.inside.packing import pack


class SubprocessExecutor:
    """See the package's docstring. Starts its processes with the first job."""

    def __init__(self, workers: int, first_uid: int, directory: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._count = workers
        self._first_uid = first_uid
        self._parent = directory
        self._environment = environment or {}
        self._workers: Workers | None = None
        self._lost: list[Workers] = []
        self._closed = False
        self._places: dict[Tool, str] = {}

    async def run(self, job: Job) -> AsyncIterator[Completed]:
        """See roles.Executor. Every case gets a fresh working folder; a program is cut at the limits and all it started ends with it."""
        places = {tool.name: await self._place(job, tool) for tool in job.language.tools}
        with ExitStack() as stack:
            built = None
            if job.language.build:
                built = stack.enter_context(memory_file())
                seen = await self._complete(None, requests.build(job, places, self._environment), built)
                yield seen
                if not seen.succeeded:
                    return
            for index, case in enumerate(job.cases):
                yield await self._complete(index, requests.case(job, case, places, self._environment), built)

    async def close(self) -> None:
        """End every program, also one that runs, and remove every file. Jobs that run raise ExecutorFault."""
        self._closed = True
        if self._workers is not None:
            self._lost.append(self._workers)
        self._workers = None
        while self._lost:
            await self._lost.pop().close()

    async def _complete(self, case: int | None, request: Request, built: int | None) -> Completed:
        with ExitStack() as stack:
            stdin, packed, stdout, stderr = (
                stack.enter_context(memory_file(content)) for content in (request.stdin, pack(request.files), b"", b"")
            )
            files = [stdin, stdout, stderr, packed]
            if built is not None:
                files.insert(4 if request.keep else 3, built)
            async with self._worker() as worker:
                answer = await self._ask(worker, request, files)
                return completed(case, answer, request.limits, (stdout, stderr), worker.directory)

    async def _ask(self, worker: Worker, request: Request, files: Sequence[int]) -> Mapping[str, Any]:
        answer = await worker.ask(
            {
                "argv": request.argv,
                "environment": {**request.environment, "HOME": worker.directory, "TMPDIR": worker.directory},
                "limits": request.limits,
                "packs": len(files) - 3 - request.keep,
                "output_file": request.output_file,
                "keep": request.keep,
            },
            files,
        )
        if "fault" in answer:
            raise ExecutorFault(f"a program could not be run: {answer['fault']}")
        return answer

    async def _place(self, job: Job, tool: Tool) -> str:
        """Where a tool lies that the programs' user can run. Raises PluginError when there is none."""
        if tool not in self._places:
            tried = tools.paths(tool)
            for path in tried:
                if await self._runs(path, tool):
                    self._places[tool] = path
                    break
            else:
                raise PluginError(tools.missing(job.language, tool, tried))
        return self._places[tool]

    async def _runs(self, path: str, tool: Tool) -> bool:
        try:
            return (await self._complete(None, requests.look(path, tool, self._environment), None)).succeeded
        except ExecutorFault as fault:
            if "exec of" in str(fault):
                return False
            raise

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Worker]:
        workers = self._started()
        worker = await workers.idle.get()
        try:
            yield worker
        finally:
            workers.idle.put_nowait(worker)

    def _started(self) -> Workers:
        if self._closed:
            raise ExecutorFault("the executor is closed")
        if self._workers is not None and self._workers.lost:
            self._lost.append(self._workers)
            self._workers = None
        if self._workers is None:
            self._workers = Workers(self._count, self._first_uid, self._parent)
        return self._workers
