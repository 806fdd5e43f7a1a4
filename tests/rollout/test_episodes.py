"""Episodes as the paper plays them: public cases feed back and stop, private ones score; a fault is never a reward."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlef_core import (
    CheckerRef,
    ComponentError,
    Episode,
    Finish,
    Limits,
    PluginError,
    Program,
    StdioCase,
    Stop,
    TooManyFaults,
    Verdict,
)
from rlef_core.evaluation.judging import open_judge_of
from rlef_core.registry import Registry
from rlef_core.rollout.collections import Collection, play_collection
from rlef_core.rollout.tasks import NoUsableTask
from rlef_core.spec import Plan
from rlef_core.training.parts import Parts, open_parts

Plans = Callable[..., tuple[Plan, Registry]]
CANARY = "71077345"
RIGHT = 'policy.answers=["```\\nprint(int(input()) + 3)\\n```"]'


@asynccontextmanager
async def parts_of(plan_of: Plans, directory: Path, *overrides: str) -> AsyncIterator[Parts]:
    plan, registry = plan_of(*overrides)
    async with open_parts(plan, registry, directory) as parts:
        yield parts


async def collect(plan_of: Plans, directory: Path, *overrides: str, count: int = 12) -> Collection:
    async with parts_of(plan_of, directory, *overrides) as parts:
        return await play_collection(parts.player, parts.scorer, "train", 0, parts.tasks("train").draw(count))


def by_task(collection: Collection) -> dict[str, tuple[Episode, tuple[float, ...]]]:
    return {episode.id.task: (episode, rewards) for episode, rewards in zip(collection.episodes, collection.rewards, strict=True)}


async def test_an_episode_ends_when_the_public_cases_pass_and_private_ones_score_it(plan_of: Plans, tmp_path: Path) -> None:
    episode, rewards = by_task(await collect(plan_of, tmp_path))["add-3"]
    assert episode.stop is Stop.PUBLIC_PASSED
    assert [turn.program is None for turn in episode.turns] == [True, False]
    assert episode.solved
    assert rewards == (-0.2, 1.0)


async def test_the_last_answer_counts_at_the_turn_limit(plan_of: Plans, tmp_path: Path) -> None:
    played = by_task(await collect(plan_of, tmp_path))
    solved, rewards = played["add-4"]
    assert (len(solved.turns), solved.solved, rewards) == (3, True, (-0.2, 0.0, 1.0))
    failed, rewards = played["add-5"]
    assert (failed.stop, failed.solved, failed.private, rewards) == (Stop.TURN_LIMIT, False, None, (-0.2, 0.0, -1.0))


async def test_every_public_case_is_run_each_turn(plan_of: Plans, tmp_path: Path) -> None:
    episode, _ = by_task(await collect(plan_of, tmp_path))["add-5"]
    execution = episode.turns[1].execution
    assert execution is not None
    assert [judgement.verdict for judgement in execution.judgements] == [Verdict.WRONG_ANSWER] * 2
    assert episode.turns[2].observation[0].content.count("expected:") == 2


async def test_a_final_answer_without_code_fails(plan_of: Plans, tmp_path: Path) -> None:
    _, rewards = by_task(await collect(plan_of, tmp_path, "policy.answers=[nothing]"))["add-3"]
    assert rewards == (-0.2, -0.2, -1.0)


async def test_no_observation_holds_what_only_private_cases_hold(plan_of: Plans, tmp_path: Path) -> None:
    printing = '["```python\\nprint(int(input()) + 3 if True else 0)\\n```", "```python\\nimport sys; print(sys.stdin.read())\\n```"]'
    for overrides in ((), (f"policy.answers={printing}",), ("tasks.train.public=false", "rollout.allow_no_public_cases=true")):
        collection = await collect(plan_of, tmp_path, *overrides)
        assert any(episode.private is not None for episode in collection.episodes)
        for episode in collection.episodes:
            seen = [message.content for turn in episode.turns for message in turn.observation]
            ids = [bytes(id for id in turn.action.prompt_ids if id < 256) for turn in episode.turns]
            assert not any(CANARY in text for text in seen)
            assert not any(CANARY.encode() in prompt for prompt in ids)


TELLTALES = (
    "print(int(input()) + 3)",
    "import sys; print(sys.stdin.read())",
    "raise SystemExit(input())",
    "raise ValueError(open(0).read())",
    "import sys; sys.stderr.write(input()); sys.exit(3)",
    "import os; print(os.environ); print(os.listdir('.'))",
    "x = input(); print(int(x) + 3 if len(x) < 3 else x)",
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(TELLTALES), min_size=1, max_size=3),
    st.sampled_from(["{use: failing-cases}", "{use: none, formatter: {use: failing-cases}}"]),
    st.booleans(),
)
def test_whatever_programs_do_with_their_input_no_observation_tells_a_private_case(
    plan_of: Plans, tmp_path: Path, programs: list[str], feedback: str, public: bool
) -> None:
    answers = json.dumps([f"```\n{program}\n```" for program in programs])
    sets = [f"policy.answers={answers}", f"feedback={feedback}", f"tasks.train.public={json.dumps(public)}"]
    collection = asyncio.run(collect(plan_of, tmp_path, *sets, "rollout.allow_no_public_cases=true", count=4))
    for episode in collection.episodes:
        for turn in episode.turns:
            assert CANARY not in "".join(message.content for message in turn.observation)
            assert CANARY.encode() not in bytes(id for id in turn.action.prompt_ids if id < 256)


async def test_a_task_without_public_cases_never_stops_early(plan_of: Plans, tmp_path: Path) -> None:
    overrides = ("tasks.train.public=false", "rollout.allow_no_public_cases=true", RIGHT)
    episode, rewards = by_task(await collect(plan_of, tmp_path, *overrides))["add-3"]
    assert (len(episode.turns), episode.solved, rewards) == (3, True, (0.0, 0.0, 1.0))


@pytest.mark.parametrize(("override", "reason"), [("public", "no public cases"), ("private", "no private cases")])
async def test_tasks_that_cannot_be_played_are_named(plan_of: Plans, tmp_path: Path, override: str, reason: str) -> None:
    with pytest.raises(NoUsableTask, match=reason):
        await collect(plan_of, tmp_path, f"tasks.train.{override}=false")


async def test_an_empty_split_is_an_error_that_names_it(plan_of: Plans, tmp_path: Path) -> None:
    with pytest.raises(NoUsableTask, match=r"taskset 'adding'.*split 'empty' is empty"):
        await collect(plan_of, tmp_path, "tasks.train.split=empty")


async def test_rejected_rows_are_skipped_and_counted(plan_of: Plans, tmp_path: Path) -> None:
    async with parts_of(plan_of, tmp_path, "tasks.train.rejected=[0, 1, 2]") as parts:
        stream = parts.tasks("train")
        drawn = [task.problem.id for task in stream.draw(9)]
        assert sorted(drawn) == sorted(f"add-{number}" for number in range(3, 12))
        stream.draw(1)
        assert {rejected.row for rejected in stream.take_rejected()} == {"add-0", "add-1", "add-2"}


async def test_one_usable_task_among_rejected_rows_is_enough(plan_of: Plans, tmp_path: Path) -> None:
    for seed in range(20):
        async with parts_of(plan_of, tmp_path, "tasks.train.count=3", "tasks.train.rejected=[0, 1]", f"run.seed={seed}") as parts:
            assert {task.problem.id for task in parts.tasks("train").draw(5)} == {"add-2"}


async def test_the_order_of_play_is_a_permutation_of_each_epoch_by_seed(plan_of: Plans, tmp_path: Path) -> None:
    async with parts_of(plan_of, tmp_path) as parts:
        first = [task.problem.id for task in parts.tasks("train").draw(24)]
        again = [task.problem.id for task in parts.tasks("train").draw(24)]
        later = [task.problem.id for task in parts.tasks("train", position=7).draw(17)]
    assert sorted(first[:12]) == sorted(first[12:]) == sorted(f"add-{number}" for number in range(12))
    assert first[:12] != first[12:]
    assert (again, later) == (first, first[7:])


async def test_a_fault_of_the_sandbox_is_retried_and_then_masked_never_rewarded(plan_of: Plans, tmp_path: Path) -> None:
    failing = "executor={use: failing, executor: {use: unsafe-subprocess}, fail_every: 3}"
    cleared = await collect(plan_of, tmp_path, failing, "rollout.retries=2", "rollout.cache_bytes=0")
    assert (len(cleared.episodes), cleared.faulted) == (12, ())
    masked = await collect(plan_of, tmp_path, failing, "rollout.retries=0", "rollout.cache_bytes=0", "rollout.max_fault_share=1.0")
    assert masked.faulted
    assert len(masked.episodes) + len(masked.faulted) == 12
    assert len(masked.trajectories) == len(masked.episodes)
    assert all("executor 'failing'" in fault.component for fault in masked.faulted)


async def test_too_many_faults_stop_the_run_and_name_the_component(plan_of: Plans, tmp_path: Path) -> None:
    failing = "executor={use: failing, executor: {use: unsafe-subprocess}, fail_first: 1000}"
    with pytest.raises(TooManyFaults, match=r"executor 'failing' \(plugin playground.*the jail died.*"):
        await collect(plan_of, tmp_path, failing)


async def test_a_broken_formatter_ends_the_run_with_its_name(plan_of: Plans, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"feedback 'speechless' \(plugin playground.*failed in opening: RuntimeError: no words"):
        await collect(plan_of, tmp_path, "feedback={use: speechless}")


async def test_a_reward_function_must_score_every_turn(plan_of: Plans, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"reward 'stingy'.*0 rewards for an episode of \d turns"):
        await collect(plan_of, tmp_path, "rewards=[{use: stingy}]")


async def test_a_task_with_an_unknown_checker_is_a_plugin_error(plan_of: Plans, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"checker 'tokns'.*tokens"):
        await collect(plan_of, tmp_path, "tasks.train.checker=tokns")


async def test_rewards_are_summed_with_their_weights(plan_of: Plans, tmp_path: Path) -> None:
    _, rewards = by_task(await collect(plan_of, tmp_path, "rewards=[{use: rlef}, {use: rlef, weight: 0.5, solved: 4.0}]"))["add-3"]
    assert rewards == pytest.approx((-0.2 - 0.1, 1.0 + 2.0))


async def test_a_full_context_ends_the_episode_and_the_last_answer_counts(plan_of: Plans, tmp_path: Path) -> None:
    model = "model={path: none, max_length: 520}"
    episode, rewards = by_task(await collect(plan_of, tmp_path, model, "rollout.sampling.max_tokens=100"))["add-5"]
    assert episode.stop is Stop.CONTEXT
    assert len(rewards) == len(episode.turns) < 3
    assert rewards[-1] == -1.0


async def test_an_answer_cut_by_length_inside_its_block_holds_no_program(plan_of: Plans, tmp_path: Path) -> None:
    episode, _ = by_task(await collect(plan_of, tmp_path, RIGHT, "rollout.sampling.max_tokens=20"))["add-3"]
    assert {turn.action.finish for turn in episode.turns} == {Finish.LENGTH}
    assert {turn.program for turn in episode.turns} == {None}


async def test_the_execution_cache_answers_what_was_run_before(plan_of: Plans, tmp_path: Path) -> None:
    async with parts_of(plan_of, tmp_path) as parts:
        tasks = parts.tasks("train").draw(12)
        await play_collection(parts.player, parts.scorer, "train", 0, tasks)
        parts.meter.drain()
        await play_collection(parts.player, parts.scorer, "train", 1, tasks)
        assert parts.meter.drain()["executor/cache_hit_rate"] == 1.0


async def test_a_task_drawn_twice_is_two_episodes_with_seeds_of_their_own(plan_of: Plans, tmp_path: Path) -> None:
    collection = await collect(plan_of, tmp_path, count=24)
    assert len({episode.id for episode in collection.episodes}) == 24


async def test_the_cause_of_a_components_failure_is_kept(plan_of: Plans, tmp_path: Path) -> None:
    with pytest.raises(ComponentError) as caught:
        await collect(plan_of, tmp_path, "feedback={use: speechless}")
    assert isinstance(caught.value.__cause__, RuntimeError)


async def test_an_executor_with_figures_of_its_own_can_judge_outside_of_a_run_too(plan_of: Plans) -> None:
    plan, registry = plan_of("executor={use: failing, executor: {use: unsafe-subprocess}}")
    async with open_judge_of(plan, registry) as judge:
        program = Program("python", "print(input())")
        execution = await judge.judge(program, [StdioCase("1", "1")], Limits(), CheckerRef(), stop_at_first_failure=False)
    assert execution.accepted
