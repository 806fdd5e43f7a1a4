"""The tree of errors, the exit codes they stand for, and the boundary that names the component behind a failure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

from attrs import frozen


class ExitCode(IntEnum):
    """What the process's exit status means."""

    OK = 0
    NO = 1
    SPEC = 2
    PLUGIN = 3
    COMPONENT = 4
    CHECKPOINT = 5
    INTERRUPTED = 130


@frozen
class Origin:
    """Where a component comes from; every failure of it is reported with this."""

    role: str
    component: str
    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.role} {self.component!r} (plugin {self.plugin}, distribution {self.distribution} {self.version})"


class RlefError(Exception):
    """Any failure that rlef-core explains. One line: what was found, where, what was expected, what to do."""

    exit_code = ExitCode.COMPONENT


class UsageError(RlefError):
    """The command was called with something it cannot take."""

    exit_code = ExitCode.SPEC


@frozen
class SpecFault:
    """One fault of a spec: where (file, line and column from 1), the line's text, what is wrong.

    `plugin` says that the spec may be right and a plugin is not: unknown, broken, not fit for this machine.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    text: str = ""
    plugin: bool = False

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: {self.message}" if self.file else self.message
        caret = " " * (self.column - 1) + "^"
        return f"{self.file}:{self.line}:{self.column}: {self.message}\n    {self.text}\n    {caret}"


class SpecError(RlefError):
    """A spec has faults; all of them, at once. The exit code is that of plugins when every fault is one of a plugin."""

    exit_code = ExitCode.SPEC

    def __init__(self, faults: Sequence[SpecFault]) -> None:
        self.faults = tuple(faults)
        self.exit_code = ExitCode.PLUGIN if all(fault.plugin for fault in self.faults) else ExitCode.SPEC
        super().__init__("\n".join(map(str, self.faults)))


class PluginError(RlefError):
    """A plugin or component is unknown, conflicting, incompatible or broken."""

    exit_code = ExitCode.PLUGIN


class ComponentError(RlefError):
    """A component raised; `origin` names it, `call` what it was doing.

    The original error is the `__cause__`; one of rlef-core's own lends its exit code.
    """

    def __init__(self, origin: Origin, call: str, error: BaseException) -> None:
        self.origin = origin
        self.call = call
        if isinstance(error, RlefError):
            self.exit_code = error.exit_code
        reason = f"{error}" if isinstance(error, RlefError) else f"{type(error).__name__}: {error}"
        super().__init__(f"{origin} failed in {call}: {reason}")


class ExecutorFault(RlefError):
    """Raised by executors for whatever the sandbox did: it died, could not start, lost a result. Never a verdict."""


class PolicyFault(RlefError):
    """Raised by policies when a request is lost for a reason that is not the model's."""


class TooManyFaults(RlefError):
    """The share of faulted episodes went over `rollout.max_fault_share`."""


class TrainingDiverged(RlefError):
    """A loss or gradient is not finite, raised before it touches the weights; or a guard that stops the run tripped."""


class CheckpointError(RlefError):
    """A checkpoint or run directory cannot be used as asked."""

    exit_code = ExitCode.CHECKPOINT


class Interrupted(RlefError):
    """The user asked the run to stop."""

    exit_code = ExitCode.INTERRUPTED


@contextmanager
def boundary(origin: Origin, call: str) -> Iterator[None]:
    """Turn whatever a component raises inside the block into a ComponentError that names it.

    A ComponentError from a nested component passes: the innermost name is the useful one. Interrupts and cancellation pass too.
    """
    try:
        yield
    except ComponentError:
        raise
    except Exception as error:
        raise ComponentError(origin, call, error) from error
