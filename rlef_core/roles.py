"""The roles that a plugin can fill, what each promises, and what a component gets when it is built."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from attrs import Factory, field, frozen

from rlef_core.errors import Origin
from rlef_core.metrics import Metric
from rlef_core.records import (
    Action,
    Case,
    Completed,
    Episode,
    EpisodeId,
    Execution,
    Job,
    Language,
    MemoryQuestion,
    MemoryUse,
    Message,
    ModelSpec,
    Problem,
    Rejected,
    Sampling,
    Task,
    Trajectory,
    UpdateReport,
    Weights,
)

RoleT = TypeVar("RoleT")
RoleT_co = TypeVar("RoleT_co", covariant=True)


@frozen
class Ref(Generic[RoleT]):
    """A component chosen in a spec: `use` names it, `config` is its checked config. A config field typed `Ref[Executor]` is
    a nested `use:` block."""

    role: str
    use: str
    config: Any
    origin: Origin


class MetricSink(Protocol):
    """Takes figures. A name must stand in the table of metrics (the core's or the component's own); anything else raises ValueError."""

    def add(self, name: str, value: float) -> None: ...


class Context(Protocol):
    """What a component gets when it is built."""

    @property
    def directory(self) -> Path:
        """The run's directory; a component writes only below `directory / "components" / its name`."""

    @property
    def devices(self) -> Sequence[str]:
        """The devices given to this role, for example `cuda:0`; empty: choose."""

    @property
    def threads(self) -> int:
        """How many CPU threads this component may keep busy."""

    @property
    def model(self) -> ModelSpec | None:
        """The spec's model; where `path` names one that a plugin makes, it is the folder made."""

    @property
    def sequences_per_update(self) -> int: ...

    @property
    def languages(self) -> Mapping[str, Language]: ...

    @property
    def metrics(self) -> MetricSink: ...

    def seed(self, *path: str | int) -> int:
        """A 63-bit seed derived from the run's seed and `path`; the same in every process."""

    def build(self, ref: Ref[RoleT]) -> RoleT:
        """Build a nested component."""

    def span(self, name: str) -> AbstractContextManager[None]:
        """What happens inside the block is called `name` in the timeline of `run --trace`; any thread may mark spans.

        A policy marks `decode` while it samples: a run is idle while nothing decodes, no program runs and nothing is learnt.
        """


@frozen
class Offer:
    """What a component would do with a config, told without building it; `check` uses it.

    `isolation` lists what an executor keeps a program from; empty means that it isolates nothing. `unavailable` says why the component
    cannot run here and what to do; `missing` names absent tools with the package to install. `deterministic` says of a policy that
    the same requests get the same bits under `rollout.deterministic`: whatever is computed together, or by `BatchPolicy`.
    `warm_start` says of an optimizer that it is a `WarmStart`; `exports` names the folder below that which it saves into which is a model
    folder by itself, with everything that Hugging Face's transformers needs to load the policy.
    """

    weight_schemes: tuple[str, ...] = ()
    languages: tuple[str, ...] | None = None
    isolation: tuple[str, ...] = ()
    trainable: bool = True
    unavailable: str | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    min_episodes_per_task: int = 1
    deterministic: bool = False
    warm_start: bool = False
    exports: str | None = None


@frozen
class Component(Generic[RoleT_co]):
    """Something offered under a name. Made by `component(...)`."""

    name: str
    summary: str
    config: type
    build: Callable[[Any, Context], RoleT_co]
    offers: Callable[[Any], Offer] = field(default=lambda config: Offer())
    example: Callable[[], Any] | None = None
    metrics: tuple[Metric, ...] = Factory(tuple)
    memory: Callable[[Any, MemoryQuestion], Sequence[MemoryUse]] | None = None


def component(
    *,
    name: str,
    summary: str,
    config: type,
    build: Callable[[Any, Context], RoleT],
    offers: Callable[[Any], Offer] | None = None,
    example: Callable[[], Any] | None = None,
    metrics: Sequence[Metric] = (),
    memory: Callable[[Any, MemoryQuestion], Sequence[MemoryUse]] | None = None,
) -> Component[RoleT]:
    """A component for a register hook to return.

    `config` is an attrs class of `setting(...)` fields; `build(config, context)` makes the role's object and holds every heavy import;
    `offers(config)` is pure and light; `example()` is a config that `plugins check` can build; `memory(config, question)` tells what the
    component would hold at its peak, without its weights at hand, for `check --memory`. Raises TypeError when `config` is no
    attrs class or has a field without a help text, ValueError when the name is no lower-case word with dashes.
    """
    check_name(name)
    check_config(name, config)
    return Component(name, summary, config, build, offers or (lambda config: Offer()), example, tuple(metrics), memory)


class Conversation(Protocol):
    """One episode's side of a policy; holds its KV cache and replica until the context of `Policy.open` closes."""

    async def act(self, messages: Sequence[Message], sampling: Sampling) -> Action:
        """Append `messages` (only the new ones) and sample a response. Cancelling aborts the request.

        An action with finish `context` and no ids says that the prompt leaves no room to answer. Raises PolicyFault when
        the request was lost;
        the caller may then call again with the same messages.
        """


class Policy(Protocol):
    """A model that answers."""

    def open(self, episode: EpisodeId) -> AbstractAsyncContextManager[Conversation]: ...

    async def load(self, weights: Weights) -> None:
        """Take a publication; on return every new token is sampled by it. A payload of None (scheme `unchanged`) only moves the version."""

    async def suspend(self) -> None:
        """Free the device until `resume`; no conversation is acting, and nothing but `resume` and `close` is called meanwhile.

        The weights of the last `load` stay; open conversations go on after `resume`.
        """

    async def resume(self) -> None: ...

    async def close(self) -> None: ...


@frozen
class BatchRequest:
    """One conversation's next turn: what `Conversation.act` would be called with."""

    conversation: Conversation
    messages: tuple[Message, ...]
    sampling: Sampling


@runtime_checkable
class BatchPolicy(Protocol):
    """A policy that computes together exactly what it is asked for together, as `rollout.deterministic` needs."""

    async def act_together(self, requests: Sequence[BatchRequest]) -> Sequence[Action]:
        """One action a request, in order. The same requests, in the same order after the same `load`, get the same bits.

        Raises PolicyFault when the batch was lost; the caller may then ask again with the same messages.
        """


class Executor(Protocol):
    """A sandbox that runs programs."""

    def run(self, job: Job) -> AsyncIterator[Completed]:
        """Yield the build first if the language has one (and nothing more if it fails), then every case in order. Closing
        the iterator stops the rest.

        Returns for whatever the program did; raises ExecutorFault for whatever the sandbox did.
        """

    async def close(self) -> None: ...


class FeedbackFormatter(Protocol):
    """Turns a problem and what became of a program into text. It never sees a private case."""

    def opening(self, problem: Problem) -> Sequence[Message]:
        """System prompt, few-shot examples, first message."""

    def feedback(self, problem: Problem, execution: Execution | None) -> str:
        """The next message after an answer that failed; None: the answer held no program."""


class RewardFunction(Protocol):
    """Scores an episode."""

    async def rewards(self, episode: Episode) -> Sequence[float]:
        """One number a turn. A spec's list of reward functions is summed with their weights."""


class Optimizer(Protocol):
    """Learns from collections and publishes weights."""

    async def update(self, collection: Sequence[Trajectory]) -> UpdateReport:
        """All updates of one collection. Raises TrainingDiverged before a non-finite loss or gradient touches the weights."""

    def publish(self, scheme: str) -> AbstractAsyncContextManager[Weights]:
        """The current weights. Versions count up from 0, the initial weights.

        The payload is valid inside the context. Those of the schemes `shm` and `file` stay so until the next publication begins or the
        optimizer closes, so that an engine that died can be started anew with the current weights.
        """

    async def save(self, directory: Path) -> None:
        """Write everything needed to go on exactly into `directory`, which exists and is empty."""

    async def restore(self, directory: Path) -> None: ...

    async def suspend(self) -> None:
        """Free the device until `resume`; nothing but `resume` and `close` is called meanwhile, and nothing is lost.

        Payloads of the schemes `shm` and `file` stay valid.
        """

    async def resume(self) -> None: ...

    async def close(self) -> None: ...


@runtime_checkable
class WarmStart(Protocol):
    """An optimizer that can begin with the weights of another run (`run.init_from`)."""

    async def start_from(self, directory: Path) -> None:
        """Take the weights that an optimizer saved into `directory`; moments and counters stay new.

        Raises CheckpointError where the folder does not hold weights of the same model.
        """


class Taskset(Protocol):
    """Where tasks come from."""

    def ids(self, split: str) -> Sequence[str]:
        """The ids of a split, in a stable order; lazy where the set is big. The order of play is the core's."""

    def task(self, id: str) -> Task | Rejected:
        """One task, the same each time; Rejected says why the row is no usable one."""


@runtime_checkable
class BoundedTaskset(Protocol):
    """A taskset that knows bounds on its solve rate by construction, for example what a player blind to feedback can reach."""

    def bounds(self, split: str, turn_limit: int) -> Mapping[str, float]: ...


RunTrusted = Callable[[Job], Awaitable[Sequence[Completed]]]
"""Runs a checker's own program in the sandbox, apart from the judged program's."""


class Checker(Protocol):
    """Decides whether an output answers a case; trusted, runs outside the judged program's jail."""

    async def check(self, case: Case, output: bytes, run: RunTrusted) -> bool: ...


@frozen
class MadeModel:
    """A model that is made on first use, when a spec's `model.path` is its name, for example `tiny:programs`.

    `make(cache, seed, progress)` returns the model's folder in `cache`, having made it where it is missing; `progress` is told how many
    steps of how many are done. Heavy imports belong inside. Raises ValueError unless `name` is two words joined by a colon.
    """

    name: str
    summary: str
    make: Callable[[Path, int, Callable[[int, int], None]], Path]

    def __attrs_post_init__(self) -> None:
        if self.name.count(":") != 1 or not all(map(_is_name, self.name.split(":"))):
            raise ValueError(f"a model to make is named {self.name!r}, expected two lower-case words joined by a colon, as 'tiny:programs'")


@frozen
class Health:
    """One finding about this machine: what was looked at, whether it works, what was found, what to do if not.

    One that does not work and is not `needed` is a note: `doctor` shows it with its advice and still exits with 0. What is not there and is
    not missed, as a GPU where a CPU will do, works. `probe` really tries what was only looked at, which may take long and start processes;
    `doctor --probe` shows what it returns in the finding's place.
    """

    name: str
    works: bool
    found: str
    advice: str = ""
    needed: bool = True
    probe: Callable[[], "Health"] | None = None

    @property
    def state(self) -> str:
        """`works`, `note` or `does not work`."""
        return "works" if self.works else "does not work" if self.needed else "note"


ROLES: Mapping[str, type] = {
    "policy": Policy,
    "executor": Executor,
    "feedback": FeedbackFormatter,
    "reward": RewardFunction,
    "optimizer": Optimizer,
    "taskset": Taskset,
    "checker": Checker,
}
"""The word for each role in specs, errors and commands."""


def check_name(name: str) -> None:
    """Raise ValueError unless `name` is lower-case words of letters and digits joined by dashes."""
    if not _is_name(name):
        raise ValueError(f"a component is named {name!r}, expected lower-case words joined by dashes, such as 'failing-cases'")


def check_config(name: str, config: type) -> None:
    """Raise TypeError unless `config` is an attrs class whose every field has a help text."""
    fields = getattr(config, "__attrs_attrs__", None)
    if fields is None:
        raise TypeError(f"component {name!r}: config {config!r} is no attrs class, expected one made with @attrs.frozen")
    silent = [attribute.name for attribute in fields if not attribute.metadata.get("help")]
    if silent:
        raise TypeError(f"component {name!r}: config fields {silent} have no help text, expected setting(..., help=...)")


def _is_name(name: str) -> bool:
    return all(word.isascii() and word.isalnum() and word == word.lower() for word in name.split("-"))
