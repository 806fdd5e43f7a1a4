"""Play one episode: answer, run on the public cases, feed back, again; then judge the last program on the private cases."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, field, frozen

from rlef_core.errors import ComponentError, Origin, PluginError, PolicyFault, RlefError, UsageError, boundary
from rlef_core.records import (
    Action,
    Case,
    Episode,
    EpisodeId,
    Execution,
    Finish,
    Language,
    Message,
    Problem,
    Program,
    Sampling,
    Stop,
    Task,
    Turn,
)
from rlef_core.roles import BatchRequest, Conversation, FeedbackFormatter, Policy
from rlef_core.rollout.extract import extract
from rlef_core.rollout.judge import Judge
from rlef_core.rollout.lockstep import Lockstep
from rlef_core.rollout.tally import Tally
from rlef_core.spec.blocks import RolloutBlock
from rlef_core.timeline import Timeline

MASKED_ROLES = frozenset({"policy", "executor", "checker"})


class EpisodeFault(RlefError):
    """The policy, the sandbox or a checker failed under an episode, which is masked; `cause` names the component."""

    def __init__(self, cause: ComponentError) -> None:
        self.cause = cause
        super().__init__(str(cause))


@frozen
class Player:
    """Everything that plays episodes. `seed(*path)` gives the seed of one answer."""

    policy: Policy
    policy_origin: Origin
    formatter: FeedbackFormatter
    formatter_origin: Origin
    judge: Judge
    executor_origin: Origin
    languages: Mapping[str, Language]
    settings: RolloutBlock
    seed: Callable[..., int]
    tally: Tally = field(factory=Tally)
    timeline: Timeline = field(factory=Timeline)
    lockstep: Lockstep | None = None
    """Holds requests back until all episodes under way have asked; None lets each go at once."""
    slots: asyncio.Semaphore | None = None
    """One for each episode that may be under way, shared with others who play; None: `rollout.concurrency` of one's own."""

    async def play(self, id: EpisodeId, task: Task) -> Episode:
        """One episode. Raises EpisodeFault when the policy, the sandbox or a checker failed, ComponentError when the formatter did or
        when a setting or an installation is wrong (a missing interpreter), which no other episode would escape.

        Raises PluginError for a task whose language or checker is not there.
        """
        self._require(task)
        try:
            with self.timeline.track(str(id)), self.timeline.span("episode"):
                return await self._play(id, task)
        except ComponentError as error:
            if error.origin.role in MASKED_ROLES and not isinstance(error.__cause__, PluginError | UsageError):
                raise EpisodeFault(error) from error
            raise

    async def _play(self, id: EpisodeId, task: Task) -> Episode:
        with boundary(self.policy_origin, "act"):
            async with self.policy.open(id) as conversation:
                turns, stop = await self._converse(conversation, id, task)
            if not turns:
                raise PolicyFault(_no_room(task.problem))
        private = await self._submit(task, turns[-1])
        return Episode(id, task.problem, tuple(turns), private, stop, self.settings.sampling.temperature)

    def _require(self, task: Task) -> None:
        if task.problem.language not in self.languages:
            raise PluginError(
                f"task {task.problem.id!r} is in language {task.problem.language!r}, which no plugin offers; "
                f"expected one of {', '.join(sorted(self.languages))}"
            )
        try:
            self.judge.checkers(task.checker)
        except PluginError as error:
            raise PluginError(f"task {task.problem.id!r}: {error}") from error

    async def _converse(self, conversation: Conversation, id: EpisodeId, task: Task) -> tuple[list[Turn], Stop]:
        turns: list[Turn] = []
        messages = opening(self.formatter, self.formatter_origin, task.problem, self.settings.problem_tokens)
        while True:
            action = await self._act(id, BatchRequest(conversation, tuple(messages), self._sampling(id, len(turns))))
            if action.ids or action.finish is not Finish.CONTEXT:
                turns.append(await self._turn(task, messages, action))
            if action.finish is Finish.CONTEXT:
                return turns, Stop.CONTEXT
            if turns[-1].execution is not None and turns[-1].execution.accepted:
                return turns, Stop.PUBLIC_PASSED
            if len(turns) == self.settings.turn_limit:
                return turns, Stop.TURN_LIMIT
            messages = self._feedback(task.problem, turns[-1].execution)

    async def _act(self, id: EpisodeId, request: BatchRequest) -> Action:
        for left in reversed(range(self.settings.retries + 1)):
            try:
                with self.timeline.span("answer"):
                    action = await self._ask(id, request)
                break
            except PolicyFault:
                if not left:
                    raise
        self.tally.turns += 1
        self.tally.tokens += len(action.ids)
        return action

    async def _ask(self, id: EpisodeId, request: BatchRequest) -> Action:
        if self.lockstep is not None:
            return await self.lockstep.ask(id, request)
        return await request.conversation.act(request.messages, request.sampling)

    async def _turn(self, task: Task, messages: Sequence[Message], action: Action) -> Turn:
        program = extract(action.text, self.languages[task.problem.language], self.settings.thoughts)
        execution = None
        if program is not None:
            execution = await self._judge(program, task, task.problem.public_cases, stop_at_first_failure=False)
        return Turn(tuple(messages), action, program, execution)

    async def _submit(self, task: Task, last: Turn) -> Execution | None:
        # Private cases run only when the public ones passed; a task without public cases is always submitted.
        if last.program is None or last.execution is None or not (last.execution.accepted or not task.problem.public_cases):
            return None
        stop = self.settings.stop_at_first_failure
        return await self._judge(last.program, task, task.private_cases, stop_at_first_failure=stop)

    async def _judge(self, program: Program, task: Task, cases: Sequence[Case], *, stop_at_first_failure: bool) -> Execution:
        if not cases:
            return Execution(())
        self.tally.programs += 1
        with self.timeline.span("program"), boundary(self.executor_origin, "run"):
            return await self.judge.judge(program, cases, task.limits, task.checker, stop_at_first_failure=stop_at_first_failure)

    def _sampling(self, id: EpisodeId, turn: int) -> Sampling:
        sampling = self.settings.sampling
        seed = self.seed(id.purpose, id.collection, id.task, id.number, turn)
        return Sampling(sampling.temperature, sampling.top_p, sampling.max_tokens, seed)

    def _feedback(self, problem: Problem, execution: Execution | None) -> Sequence[Message]:
        with boundary(self.formatter_origin, "feedback"):
            text = self.formatter.feedback(problem, execution)
        return (Message("user", text, self.settings.feedback_tokens),)


def opening(formatter: FeedbackFormatter, origin: Origin, problem: Problem, problem_tokens: int | None) -> Sequence[Message]:
    """The messages that an episode begins with; `problem_tokens` bounds the last where the formatter does not. Raises ComponentError."""
    with boundary(origin, "opening"):
        *before, last = formatter.opening(problem)
        return (*before, evolve(last, max_tokens=last.max_tokens or problem_tokens))


def _no_room(problem: Problem) -> str:
    return f"the first prompt of task {problem.id!r} leaves no room for an answer: raise model.max_length or set rollout.problem_tokens"
