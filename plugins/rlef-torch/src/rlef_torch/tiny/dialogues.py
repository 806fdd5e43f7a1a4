"""Write dialogues about programming problems, as a weak assistant would have them, to teach a base model from nothing."""

from collections.abc import Sequence
from random import Random

from attrs import frozen

from rlef_core import Execution, FeedbackFormatter, Judgement, Message, Problem, Taskset, Verdict
from rlef_core import Task as ProgrammingTask

IDLE = ("I do not know yet.", "Let me think about the problem first.", "I would need more examples.")
"""Answers without a program."""


@frozen
class Manners:
    """How often the assistant draws the right program from feedback, writes the buggy variant of a program, answers without one."""

    skill: float
    bug: float
    idle: float


SKILLED = Manners(skill=0.9, bug=0.1, idle=0.05)
"""Teaches what feedback says about programs."""
WEAK = Manners(skill=0.15, bug=0.25, idle=0.05)
"""Teaches to make little use of that: what reinforcement learning is to mend."""


class Author:
    """Writes dialogues about the tasks of one split.

    The taskset is one whose tasks share their inputs wherever they share their statement, so that what the program of one does to the
    other is known without running it; its first wrong programs pass the public cases (see `tiny-programs`).
    """

    def __init__(self, taskset: Taskset, formatter: FeedbackFormatter, split: str = "base") -> None:
        self._formatter = formatter
        self.tasks = [task for id in taskset.ids(split) if isinstance(task := taskset.task(id), ProgrammingTask)]
        self._siblings: dict[str, list[ProgrammingTask]] = {}
        for task in self.tasks:
            self._siblings.setdefault(task.problem.statement, []).append(task)

    def dialogue(self, random: Random, manners: Manners, turn_limit: int = 3) -> list[Message]:
        """One dialogue about a task drawn at random; it ends with an answer, as soon as one passes the public cases."""
        task = random.choice(self.tasks)
        messages = list(self._formatter.opening(task.problem))
        informed = False
        for turn in range(turn_limit):
            if random.random() < manners.idle:
                answer, execution = random.choice(IDLE), None
            else:
                meant = informed and random.random() < manners.skill
                choice = task if meant else random.choice(self._siblings[task.problem.statement])
                answer, execution = _program(choice, random.random() < manners.bug), executed(task.problem, choice)
            messages.append(Message("assistant", answer))
            if turn == turn_limit - 1 or (execution is not None and execution.accepted):
                break
            messages.append(Message("user", self._formatter.feedback(task.problem, execution)))
            informed = informed or execution is not None
        return messages

    def sample(self) -> Sequence[Message]:
        """Every opening and program and two replies: what the dialogues are made of."""
        first = self.tasks[0]
        replies = [self._formatter.feedback(first.problem, execution) for execution in (None, executed(first.problem, self.tasks[1]))]
        openings = [message for task in self.tasks for message in self._formatter.opening(task.problem)]
        programs = [Message("assistant", _program(task, buggy)) for task in self.tasks for buggy in (False, True)]
        return [*openings, *programs, *(Message("user", reply) for reply in replies)]


def executed(problem: Problem, sibling: ProgrammingTask) -> Execution:
    """What the public cases of `problem` say about the program of a task with the same inputs."""
    pairs = zip(problem.public_cases, sibling.problem.public_cases, strict=True)
    return Execution(tuple(_judgement(index, *pair) for index, pair in enumerate(pairs)))


def _judgement(index: int, case: object, sibling: object) -> Judgement:
    wanted, printed = str(getattr(case, "output", "")), str(getattr(sibling, "output", ""))
    verdict = Verdict.ACCEPTED if wanted == printed else Verdict.WRONG_ANSWER
    return Judgement(index, verdict, exit_code=0, output=printed.encode())


def _program(task: ProgrammingTask, buggy: bool) -> str:
    source = task.wrong[0] if buggy else task.reference
    return f"```{task.problem.language}\n{source}```"
