"""Programs whose verdicts are known, and a look at what a process keeps: for proofs about sandboxes."""

import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from rlef_core import CheckerRef, Limits, Program, StdioCase, Verdict
from rlef_core.rollout.judge import Judge

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=30.0)
TIGHT = Limits(cpu_seconds=0.2, wall_seconds=30.0)
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # looked at, not written to
PAGE = os.sysconf("SC_PAGE_SIZE")

SUM = "print(sum(map(int, input().split())))"
KINDS: Sequence[tuple[int, str, Verdict, Limits]] = (
    # weight, source, verdict
    (40, SUM, Verdict.ACCEPTED, LIMITS),
    (10, f"import heapq, collections, re\n{SUM}", Verdict.ACCEPTED, LIMITS),
    (5, f"open('left', 'w').write('x' * 100_000)\n{SUM}", Verdict.ACCEPTED, LIMITS),
    (5, f"import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\n{SUM}", Verdict.ACCEPTED, LIMITS),
    (10, "print(sum(map(int, input().split())) + 1)", Verdict.WRONG_ANSWER, LIMITS),
    (5, "import os\nos.write(1, b'accepted')\nos._exit(0)", Verdict.WRONG_ANSWER, LIMITS),
    (8, "print(1 / 0)", Verdict.RUNTIME_ERROR, LIMITS),
    (4, "def f(:", Verdict.RUNTIME_ERROR, LIMITS),
    (4, "import os\nwhile True: os.fork()", Verdict.RUNTIME_ERROR, LIMITS),
    (2, "import os\nos.kill(os.getpid(), 11)", Verdict.RUNTIME_ERROR, LIMITS),
    (3, "while True: print('x' * 1000)", Verdict.OUTPUT_LIMIT, LIMITS),
    (2, "x = bytearray(3 * 10**9)", Verdict.MEMORY_LIMIT, LIMITS),
    (2, "while True: pass", Verdict.TIME_LIMIT, TIGHT),
)


@frozen
class Known:
    """A program with its case and the verdict that it must get."""

    source: str
    case: StdioCase
    verdict: Verdict
    limits: Limits


def programs(count: int, seed: int) -> Iterator[Known]:
    """The same ones for the same seed; each with an input of its own, so that no two are one."""
    draw = random.Random(seed)
    for number in range(count):
        (_, source, verdict, limits), *_ = draw.choices(KINDS, [weight for weight, *_ in KINDS])
        yield Known(f"# {number}\n{source}", StdioCase(f"{number} 1 {draw.randrange(100)}\n", ""), verdict, limits)


def with_answer(known: Known) -> StdioCase:
    """The case with the output that is right."""
    return StdioCase(known.case.input, f"{sum(map(int, known.case.input.split()))}\n")


async def verdict_of(judge: Judge, known: Known) -> Verdict:
    """What the judge says."""
    case = with_answer(known)
    program = Program("python", known.source)
    return (await judge.judge(program, [case, case], known.limits, CheckerRef("tokens"), stop_at_first_failure=True)).verdict


def descendants(pid: int) -> Iterator[int]:
    """Every process below `pid`."""
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))
    except OSError:
        return


def resident_bytes(pid: int) -> int:
    """Memory that a process holds now; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for whatever this process and those below it put into the temporary folder, so that nobody else's is seen there."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="rlef-proof-") as name:
        os.environ["TMPDIR"] = tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = None
            del os.environ["TMPDIR"]
            if before is not None:
                os.environ["TMPDIR"] = before


def left_control_groups() -> set[str]:
    """Those that jails were given, of jails that are gone."""
    groups = Path("/sys/fs/cgroup").glob("**/NSJAIL.*")
    return {str(path) for path in groups if not Path("/proc", path.name.removeprefix("NSJAIL.")).exists()}
