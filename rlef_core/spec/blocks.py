"""The blocks of a spec, as classes: every key, its default and its help text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from rlef_core.records import ModelSpec
from rlef_core.roles import Executor, FeedbackFormatter, Optimizer, Policy, Ref, RewardFunction, Taskset
from rlef_core.settings import ByteSize, not_negative, positive, positive_share, setting, share
from rlef_core.spec.guards import GuardsBlock


@frozen
class RunBlock:
    """`run:` where a run writes and what seeds it."""

    directory: Path = setting(help="the run's directory; made when it is not there", resumable=True)
    seed: int = setting(0, help="every other seed is derived from it", validator=not_negative)
    init_from: Path | None = setting(
        None, help="another run's directory, or one of its checkpoints: begin with its weights; the optimizer's moments start anew"
    )


@frozen
class PluginsBlock:
    """`plugins:` which plugins may take part."""

    require: tuple[str, ...] = setting((), help="distributions that must be installed, for example rlef-torch>=0.1")
    load: tuple[str, ...] = setting((), help="modules to load as plugins besides the installed ones")
    block: tuple[str, ...] = setting((), help="plugins (entry-point names) or distributions to leave out")


def _accelerators(_: Any, attribute: "attrs.Attribute[Any]", value: tuple[int, ...]) -> None:
    if any(number < 0 for number in value) or len(set(value)) < len(value):
        raise ValueError(f"{attribute.name} is {list(value)!r}, expected different numbers of 0 or more")


@frozen
class DevicesBlock:
    """`devices:` which accelerators each role gets; empty lets the component choose."""

    policy: tuple[int, ...] = setting((), help="accelerator numbers of the policy", validator=_accelerators)
    optimizer: tuple[int, ...] = setting((), help="accelerator numbers of the optimizer", validator=_accelerators)
    colocate: bool | None = setting(
        None, help="let policy and optimizer take turns, the other suspended; unset: when their accelerators have a number in common"
    )

    @property
    def shared(self) -> tuple[int, ...]:
        """The accelerators of both policy and optimizer."""
        return tuple(sorted({*self.policy} & {*self.optimizer}))

    @property
    def colocated(self) -> bool:
        """Policy and optimizer take turns."""
        return bool(self.shared) if self.colocate is None else self.colocate


@frozen
class ThreadsBlock:
    """`threads:` the budget of CPU threads; sandboxes run niced, so that each role may be given every core."""

    policy: int | None = setting(None, help="threads of the policy; every core unless set", validator=positive)
    optimizer: int | None = setting(None, help="threads of the optimizer; every core unless set", validator=positive)
    executor: int | None = setting(None, help="programs that run at once; one a core unless set", validator=positive)


@frozen
class SamplingBlock:
    """How answers are sampled."""

    temperature: float = setting(1.0, help="sampling temperature; 0 is greedy", validator=not_negative)
    top_p: float = setting(1.0, help="nucleus sampling's share of probability", validator=positive_share)
    max_tokens: int = setting(4096, help="longest answer", unit="tokens", validator=positive)


def _marker(_: Any, attribute: "attrs.Attribute[Any]", value: str) -> None:
    if not value.strip():
        raise ValueError(f"{attribute.name} is {value!r}, expected the text that marks a thought")


@frozen
class ThoughtsBlock:
    """How a reasoning model marks its thoughts. Code inside of them is no program; they are learnt from like the rest of an answer."""

    open: str = setting("<think>", help="what begins a thought", validator=_marker)
    close: str = setting("</think>", help="what ends a thought", validator=_marker)
    begun: bool = setting(False, help="the chat template writes `open`, so that every answer begins inside a thought")


@frozen
class RolloutBlock:
    """`rollout:` how episodes are played."""

    turn_limit: int = setting(3, help="answers an episode may hold", validator=positive)
    recorded: Path | None = setting(None, help="directory of a run whose training episodes are learnt from, in place of playing new ones")
    episodes_per_task: int = setting(1, help="episodes of one task in a collection", validator=positive)
    concurrency: int = setting(256, help="episodes played at once", validator=positive, resumable=True)
    max_fault_share: float = setting(
        0.05, help="share of a collection's episodes that may fault before the run stops", validator=share, resumable=True
    )
    retries: int = setting(
        2, help="times that one call of the sandbox or the policy is repeated after a fault", validator=not_negative, resumable=True
    )
    sampling: SamplingBlock = setting(SamplingBlock(), help="how answers are sampled while training")
    thoughts: ThoughtsBlock | None = setting(None, help="look for the program only after these marked thoughts; `{}` for the usual marks")
    problem_tokens: int | None = setting(None, help="cut the middle out of a longer first message", unit="tokens", validator=positive)
    feedback_tokens: int | None = setting(1024, help="cut the middle out of a longer feedback message", unit="tokens", validator=positive)
    allow_no_public_cases: bool = setting(False, help="play tasks without public cases; such an episode never stops early")
    deterministic: bool = setting(
        False, help="let episodes answer in step, so that a run that is killed and resumed gets the same bits (on a CPU) as an unbroken one"
    )
    stop_at_first_failure: bool = setting(True, help="stop judging private cases at the first that fails")
    cache_bytes: ByteSize = setting(
        ByteSize(256_000_000), help="memory of the execution cache; 0 turns it off", validator=not_negative, resumable=True
    )


@frozen
class TrainingBlock:
    """`training:` how much is learnt from, and when it is kept."""

    updates: int = setting(help="gradient steps of the whole run", validator=positive, resumable=True)
    episodes_per_collection: int = setting(1024, help="episodes played between publications", validator=positive)
    sequences_per_update: int = setting(256, help="trajectories in one gradient step", validator=positive)
    max_staleness: int = setting(
        0,
        help="publications that a token may be older than the weights that learn from it; above 0, episodes are played during updates",
        unit="versions",
        validator=not_negative,
    )
    checkpoint_every: int = setting(100, help="gradient steps between checkpoints", validator=positive, resumable=True)
    keep_checkpoints: int = setting(
        2, help="newest checkpoints kept, besides the newest that no guard tripped before", validator=positive, resumable=True
    )
    guards: GuardsBlock = setting(GuardsBlock(), help="what is watched, each bound, and what happens when it is passed", resumable=True)


def _names_of_results(_: Any, attribute: "attrs.Attribute[Any]", value: Mapping[str, Any]) -> None:
    wrong = [name for name in value if not name.isidentifier() or name == "single_turn"]
    if wrong:
        raise ValueError(f"{attribute.name} names {wrong[0]!r}, expected words of letters, digits and _ other than 'single_turn'")


@frozen
class EvaluationBlock:
    """`evaluation:` how the policy is measured before, during and after training."""

    episodes: int = setting(500, help="episodes of one evaluation", validator=positive)
    every: int | None = setting(None, help="gradient steps between evaluations; unset: only before and after training", validator=positive)
    sampling: SamplingBlock | None = setting(None, help="how answers are sampled; as in training unless set")
    turn_limit: int | None = setting(None, help="answers an evaluated episode may hold; as in training unless set", validator=positive)
    single_turn: bool = setting(False, help="at the end, also measure independent first answers, one submitted, chosen by public cases")
    feedback: Mapping[str, Ref[FeedbackFormatter]] = setting(
        factory=dict,
        help="at the end, also measure with these formatters: a name and its `use:` block each",
        validator=_names_of_results,
    )


@frozen
class TasksRef:
    """An entry of `tasks:`; the block's other keys are the taskset's settings."""

    ref: Ref[Taskset] = field(metadata={"help": "the taskset"})
    split: str = setting("", help="the part of the taskset to play; the entry's own name unless set")


@frozen
class WeightedReward:
    """An item of `rewards:`; the block's other keys are the reward function's settings."""

    ref: Ref[RewardFunction] = field(metadata={"help": "the reward function"})
    weight: float = setting(1.0, help="what its rewards are multiplied by before they are summed with the others'")


@frozen
class TasksBlock:
    """`tasks:` what is played."""

    train: TasksRef | None = setting(None, help="tasks to learn from")
    evaluation: TasksRef | None = setting(None, help="tasks to measure on", resumable=True)


@frozen
class SpecBlock:
    """A whole spec. Commands need different blocks, so all but the name may be absent here; `resolve` says which a command lacks."""

    name: str = setting(help="the run's name")
    run: RunBlock | None = setting(None, help="where a run writes and what seeds it")
    model: ModelSpec | None = setting(None, help="the model, given to policy and optimizer alike")
    plugins: PluginsBlock = setting(PluginsBlock(), help="which plugins may take part")
    devices: DevicesBlock = setting(DevicesBlock(), help="which accelerators each role gets", resumable=True)
    threads: ThreadsBlock = setting(ThreadsBlock(), help="the budget of CPU threads", resumable=True)
    tasks: TasksBlock = setting(TasksBlock(), help="what is played")
    policy: Ref[Policy] | None = setting(None, help="the model that answers")
    executor: Ref[Executor] | None = setting(None, help="the sandbox; the one installed executor that isolates unless set")
    feedback: Ref[FeedbackFormatter] | None = setting(None, help="how failures are put into words")
    rewards: tuple[WeightedReward, ...] = setting((), help="what is rewarded; summed with their weights")
    optimizer: Ref[Optimizer] | None = setting(None, help="how weights change")
    rollout: RolloutBlock = setting(RolloutBlock(), help="how episodes are played")
    training: TrainingBlock | None = setting(None, help="how much is learnt from, and when it is kept")
    evaluation: EvaluationBlock | None = setting(None, help="how the policy is measured before, during and after training", resumable=True)
