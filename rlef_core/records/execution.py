"""What an executor saw of a program, and what that means."""

from enum import Enum

from attrs import frozen


class Verdict(Enum):
    """One case's outcome, or a program's. Never a truth value: ask `.accepted`."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    COMPILE_ERROR = "compile_error"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"

    @property
    def accepted(self) -> bool:
        return self is Verdict.ACCEPTED

    def __bool__(self) -> bool:
        raise TypeError("a verdict is no truth value: use verdict.accepted")


class LimitHit(Enum):
    """The limit that ended a run."""

    TIME = "time"
    WALL = "wall"
    MEMORY = "memory"
    OUTPUT = "output"


@frozen
class Completed:
    """What an executor saw of the build (`case` None) or of one case (its index): exactly one of `exit_code` and `signal` is set.

    `stdout` and `stderr` are cut at the job's output limit. `cpu_seconds` counts user and system time of the program and its children.
    """

    case: int | None
    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    limit: LimitHit | None = None

    @property
    def succeeded(self) -> bool:
        """It ended by itself with exit code 0, within every limit."""
        return self.exit_code == 0 and self.limit is None


@frozen
class Judgement:
    """One case's outcome. `case` indexes the cases judged; `output` and `error` are what the program wrote, cut for keeping."""

    case: int
    verdict: Verdict
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    exit_code: int | None = None
    signal: int | None = None
    output: bytes = b""
    error: bytes = b""
    self_reported: bool = False


@frozen
class Execution:
    """A program's judgements on a set of cases, in their order; fewer than cases where judging stopped at the first
    failure; none where there was no case."""

    judgements: tuple[Judgement, ...]

    @property
    def accepted(self) -> bool:
        """There is a judgement, and every one is `accepted`: a program judged on nothing is never accepted."""
        return bool(self.judgements) and all(judgement.verdict.accepted for judgement in self.judgements)

    @property
    def verdict(self) -> Verdict:
        """The first verdict that is not `accepted`, else `accepted`. Raises ValueError when nothing was judged."""
        if not self.judgements:
            raise ValueError("an execution without judgements has no verdict")
        return next((j.verdict for j in self.judgements if not j.verdict.accepted), Verdict.ACCEPTED)
