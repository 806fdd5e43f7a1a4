"""The optimizer learns from sampled tokens only, the same for every split, stops before it diverges, and goes on exactly."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import AutoModelForCausalLM, BloomConfig, Gemma2Config, GPT2Config, GraniteConfig, MistralConfig

from rlef_core import (
    CheckpointError,
    Episode,
    EpisodeId,
    Message,
    Problem,
    Sampling,
    Stop,
    TrainingDiverged,
    Trajectory,
    Turn,
    TurnSpan,
)
from rlef_torch.batch import pack, sampled
from rlef_torch.config import TransformersConfig
from rlef_torch.families import PpoConfig
from rlef_torch.metrics import PPO_METRICS
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy
from rlef_torch.ppo import make_ppo
from rlef_torch.rewarded import RewardedLearner

FAST = PpoConfig(learning_rate=1e-3, warmup_updates=0)
VOCABULARY = 300


def trajectory(number: int, lengths: Sequence[tuple[int, int]], temperature: float = 1.0) -> Trajectory:
    """Random ids: for each turn so many prompt ids and so many sampled ones."""
    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(VOCABULARY, (sum(map(sum, lengths)),), generator=generator).tolist()
    trained: list[bool] = []
    turns = []
    for turn, (prompt, answer) in enumerate(lengths):
        trained += [False] * prompt + [True] * answer
        turns.append(TurnSpan(len(trained) - answer, len(trained), float((number + turn) % 3 - 1)))
    logprobs = [-5.0 - 0.1 * (place % 7) if own else 0.0 for place, own in enumerate(trained)]
    versions = [0 if own else -1 for own in trained]
    episode = EpisodeId("train", 0, f"task-{number}", 0)
    return Trajectory(episode, tuple(ids), tuple(trained), tuple(logprobs), tuple(versions), tuple(turns), temperature)


def collection(count: int = 8) -> list[Trajectory]:
    shapes = [[(3, 4)], [(5, 2), (3, 6)], [(2, 3), (4, 1), (3, 5)], [(20, 9)]]
    return [trajectory(number, shapes[number % 4]) for number in range(count)]


@asynccontextmanager
async def optimizer_of(context: Any, config: PpoConfig = FAST) -> AsyncIterator[TorchOptimizer]:
    optimizer = TorchOptimizer.build(make_ppo, config, context)
    try:
        yield optimizer
    finally:
        await optimizer.close()


def learner_of(context: Any, **changes: Any) -> RewardedLearner:
    return make_ppo(context.model.path, evolve(FAST, **changes), context)


def gradients(learner: RewardedLearner, trajectories: Sequence[Trajectory]) -> dict[str, Tensor]:
    learner.updater.gradients(learner.lessons(trajectories))
    return {
        f"{name}.{key}": parameter.grad.clone()
        for name, pupil in learner.updater.pupils.items()
        for key, parameter in pupil.module.named_parameters()
        if parameter.grad is not None
    }


def weights(learner: RewardedLearner) -> dict[str, Tensor]:
    return {
        f"{name}.{key}": parameter.detach().clone()
        for name, pupil in learner.updater.pupils.items()
        for key, parameter in pupil.module.named_parameters()
    }


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("budget", [1, 20, 60, 100])
@pytest.mark.parametrize("credit", ["turn", "token", "episode"])
def test_the_gradient_is_the_same_for_every_micro_batch_budget(context: Any, budget: int, credit: Any) -> None:
    whole = gradients(learner_of(context, micro_batch_tokens=10_000, credit=credit), collection())
    split = gradients(learner_of(context, micro_batch_tokens=budget, credit=credit, logprob_chunk_tokens=3), collection())
    assert whole.keys() == split.keys()
    for name, expected in whole.items():
        torch.testing.assert_close(split[name], expected, atol=1e-6, rtol=1e-4)


def test_the_gradient_is_the_same_with_gradient_checkpointing(context: Any) -> None:
    plain, checkpointed = (gradients(learner_of(context, gradient_checkpointing=flag), collection()) for flag in (False, True))
    for name, expected in plain.items():
        torch.testing.assert_close(checkpointed[name], expected, atol=1e-6, rtol=1e-4)


def test_old_log_probs_are_those_of_a_plain_forward_pass_at_the_sampling_temperature(context: Any) -> None:
    model = AutoModelForCausalLM.from_pretrained(context.model.path)
    learner = learner_of(context, micro_batch_tokens=50)
    trajectories = [evolve(each, temperature=0.7) for each in collection()]
    for lesson in learner.lessons(trajectories):
        expected = plain_logprobs(model, lesson.trajectory, 0.7)
        torch.testing.assert_close(lesson.scores.logprobs_old, expected, atol=1e-5, rtol=0)
        assert torch.equal(lesson.scores.logprobs_old, lesson.scores.logprobs_reference)


def plain_logprobs(model: Any, each: Trajectory, temperature: float) -> Tensor:
    with torch.no_grad():
        logprobs = (model(torch.tensor([each.ids])).logits[0] / temperature).log_softmax(-1)
    return torch.stack([logprobs[place - 1, each.ids[place]] for place, own in enumerate(each.trained) if own])


SMALL: Any = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
UNUSUAL_HEADS = {
    "soft cap": Gemma2Config(**SMALL, num_key_value_heads=2, head_dim=8, final_logit_softcapping=2.0),
    "scaled logits": GraniteConfig(**SMALL, logits_scaling=4.0),
}


@pytest.mark.parametrize("name", UNUSUAL_HEADS)
def test_unusual_output_layers_are_followed(name: str, make_model: Any, with_model: Any) -> None:
    config = UNUSUAL_HEADS[name]
    config.initializer_range = 0.2
    other = with_model(make_model(config))
    learner = learner_of(other)
    model = AutoModelForCausalLM.from_pretrained(other.model.path, attn_implementation="eager")
    for lesson in learner.lessons(collection()):
        torch.testing.assert_close(lesson.scores.logprobs_old, plain_logprobs(model, lesson.trajectory, 1.0), atol=1e-5, rtol=0)


SHAPES = st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4), min_size=1, max_size=5)


@given(shapes=SHAPES)
def test_what_is_trained_is_what_was_sampled(shapes: list[list[tuple[int, int]]]) -> None:
    trajectories = [trajectory(number, shape) for number, shape in enumerate(shapes)]
    batch = pack(trajectories, "turn", torch.device("cpu"))
    width = batch.ids.shape[1]
    places = [(place // width, place % width + 1) for place in batch.predicting.tolist()]
    expected = [(row, place) for row, each in enumerate(trajectories) for place, own in enumerate(each.trained) if own]
    assert places == expected
    assert batch.targets.tolist() == [trajectories[row].ids[place] for row, place in expected]
    told = torch.cat([sampled(each) for each in trajectories])
    assert told.tolist() == pytest.approx([trajectories[row].logprobs[place] for row, place in expected])
    starts = [row * width + turn.start - 1 for row, each in enumerate(trajectories) for turn in each.turns]
    assert batch.valued.tolist() == starts


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=SHAPES)
def test_logits_at_problem_and_feedback_tokens_never_enter_the_loss(context: Any, shapes: list[list[tuple[int, int]]]) -> None:
    learner = learner_of(context)
    trajectories = [trajectory(number, shape) for number, shape in enumerate(shapes)]
    seen: list[Tensor] = []
    backbone = learner.policy.model.base_model
    hook = backbone.register_forward_hook(lambda module, inputs, output: keep_gradient(seen, output.last_hidden_state))
    learner.updater.gradients(learner.lessons(trajectories))
    hook.remove()
    for states in seen:
        rows = sorted(trajectories, key=lambda each: -len(each.ids))[: states.shape[0]]
        reached = states.grad.abs().sum(-1) > 0 if states.grad is not None else torch.zeros(states.shape[:2], dtype=torch.bool)
        allowed = torch.zeros_like(reached)
        for row, each in enumerate(rows):
            allowed[row, : len(each.ids) - 1] = torch.tensor(each.trained[1:])
        assert not bool((reached & ~allowed).any())


def keep_gradient(seen: list[Tensor], states: Tensor) -> None:
    if states.requires_grad:
        states.retain_grad()
        seen.append(states)


WITHOUT_A_MASK: dict[str, Any] = {
    "windowed attention": MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=9),
    "learned positions": GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=4, n_positions=256, bos_token_id=None, eos_token_id=None),
    "linear biases": BloomConfig(vocab_size=300, hidden_size=32, n_layer=1, n_head=4),
}


@pytest.mark.parametrize("name", WITHOUT_A_MASK)
def test_padding_on_the_right_is_seen_by_nothing_that_is_read(name: str, make_model: Any, with_model: Any) -> None:
    config = WITHOUT_A_MASK[name]
    config.initializer_range = 0.2
    learner = learner_of(with_model(make_model(config)))
    model = learner.policy.model
    critic = learner.scorer.critic
    assert critic is not None
    for lesson in learner.lessons(collection()):
        alone = critic(pack([lesson.trajectory], "turn", model.device))
        assert lesson.scores.values is not None
        torch.testing.assert_close(lesson.scores.values, alone.detach(), atol=1e-5, rtol=0)
        torch.testing.assert_close(lesson.scores.logprobs_old, plain_logprobs(model, lesson.trajectory, 1.0), atol=1e-5, rtol=0)


async def test_an_update_reports_every_turn(context: Any) -> None:
    trajectories = collection()
    async with optimizer_of(context) as optimizer:
        report = await optimizer.update(trajectories)
    assert report.updates == 2
    assert [(turn.episode, turn.turn) for turn in report.turns] == [(t.episode, n) for t in trajectories for n in range(len(t.turns))]
    by_episode = {each.episode: each for each in trajectories}
    for turn in report.turns:
        later = by_episode[turn.episode].turns[turn.turn :]
        assert turn.kl == 0.0  # the first collection is sampled by the initial policy
        assert turn.return_ == pytest.approx(sum(span.reward for span in later))
        assert 0 < turn.weight <= 1
    assert sum(turn.advantage for turn in report.turns) == pytest.approx(0, abs=1e-4)
    assert set(report.metrics) == {metric.name for metric in PPO_METRICS} - {"optimizer/kl_loss", "optimizer/published_bytes"}
    assert report.metrics["optimizer/kl"] == 0.0
    assert report.metrics["optimizer/padding_share"] > 0


async def test_the_version_counts_collections_and_the_payload_holds_the_weights(context: Any) -> None:
    async with optimizer_of(context) as optimizer:
        async with optimizer.publish("memory") as initial:
            before = {name: tensor.clone() for name, tensor in initial.payload.items()}
        await optimizer.update(collection())
        async with optimizer.publish("memory") as later:
            assert (initial.version, later.version) == (0, 1)
            assert not same(before, later.payload)
            assert not any(tensor.requires_grad for tensor in later.payload.values())


async def test_the_policy_stands_still_while_the_critic_warms_up(context: Any) -> None:
    config = evolve(FAST, critic_warmup_updates=2)
    async with optimizer_of(context, config) as optimizer:
        before = weights(optimizer.learner)
        report = await optimizer.update(collection())
        after = weights(optimizer.learner)
        moved = {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}
        assert moved == {"critic"}
        assert "optimizer/policy_loss" not in report.metrics
        await optimizer.update(collection())
        assert not torch.equal(after["policy.model.norm.weight"], weights(optimizer.learner)["policy.model.norm.weight"])


async def test_the_step_size_rises_linearly_and_then_stays(context: Any) -> None:
    config = evolve(FAST, learning_rate=1e-4, warmup_updates=4, passes=3)
    async with optimizer_of(context, config) as optimizer:
        report = await optimizer.update(collection(4))
        assert (report.updates, report.metrics["optimizer/learning_rate"]) == (3, pytest.approx(0.75e-4))
        report = await optimizer.update(collection(4))
        assert report.metrics["optimizer/learning_rate"] == pytest.approx(1e-4)


async def test_the_policys_own_warm_up_follows_the_critics(context: Any) -> None:
    config = evolve(FAST, learning_rate=1e-4, warmup_updates=4, critic_warmup_updates=4)
    async with optimizer_of(context, config) as optimizer:
        rates = [(await optimizer.update(collection(4))).metrics["optimizer/learning_rate"] for _ in range(10)]
        assert optimizer.learner.updater.pupils["critic"].stepper.rate == pytest.approx(1e-4)
    assert rates == pytest.approx([0.0] * 4 + [0.25e-4, 0.5e-4, 0.75e-4] + [1e-4] * 3)


def critic_after(context: Any, **changes: Any) -> Tensor:
    learner = learner_of(context, **changes)
    for seed in range(4):
        learner.learn(collection(), seed, 0)
    return torch.cat([each.detach().flatten() for each in learner.updater.pupils["critic"].module.parameters()])


def test_the_value_coefficient_acts_through_the_bound_on_the_gradients_norm_alone(context: Any) -> None:
    start = torch.cat([each.detach().flatten() for each in learner_of(context).updater.pupils["critic"].module.parameters()])
    bound, scaled = (critic_after(context, value_coefficient=factor, max_gradient_norm=1.0) for factor in (1.0, 0.1))
    free, scaled_free = (critic_after(context, value_coefficient=factor, max_gradient_norm=1e9) for factor in (1.0, 0.1))
    moved = (bound - start).norm()
    assert (bound - scaled).norm() > 0.05 * moved
    assert (free - scaled_free).norm() < 0.01 * moved


def poisoned(number: int) -> Trajectory:
    """A trajectory whose reward makes every advantage, and so the loss, not a number."""
    healthy = trajectory(number, [(3, 4)])
    return evolve(healthy, turns=(evolve(healthy.turns[0], reward=float("nan")),))


async def test_a_loss_that_is_no_number_stops_before_the_weights_change(context: Any, tmp_path: Path) -> None:
    async with optimizer_of(context) as optimizer:
        await optimizer.update(collection())
        before = weights(optimizer.learner)
        with pytest.raises(TrainingDiverged, match=r"update 3: policy loss is nan.*the weights are those of update 2"):
            await optimizer.update([*collection(), poisoned(9)])
        assert same(before, weights(optimizer.learner))
        assert optimizer.version == 1
        (tmp_path / "after").mkdir()
        await optimizer.save(tmp_path / "after")
        assert json.loads((tmp_path / "after" / "counters.json").read_text()) == {"updates": 2, "version": 1, "kl_coefficient": 0.05}


async def test_a_gradient_that_is_no_number_stops_before_the_weights_change(context: Any) -> None:
    async with optimizer_of(context) as optimizer:
        before = weights(optimizer.learner)
        optimizer.learner.updater.pupils["critic"].module.head.weight.register_hook(lambda gradient: gradient * float("inf"))
        with pytest.raises(TrainingDiverged, match="critic's gradient norm is"):
            await optimizer.update(collection())
        assert same(before, weights(optimizer.learner))


@pytest.mark.parametrize("temperatures", [(1.0, 0.5), (0.0, 0.0)])
async def test_collections_without_one_usable_temperature_are_refused(context: Any, temperatures: tuple[float, float]) -> None:
    trajectories = [trajectory(number, [(2, 2)], temperature) for number, temperature in enumerate(temperatures)]
    async with optimizer_of(context) as optimizer:
        with pytest.raises(ValueError, match="sampled at temperatures"):
            await optimizer.update(trajectories)


async def test_a_restored_optimizer_goes_on_bit_for_bit(context: Any, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    config = evolve(FAST, passes=2, warmup_updates=6, critic_warmup_updates=3)
    async with optimizer_of(context, config) as straight:
        await straight.update(collection(8))
        await straight.save(saved)
        torch.manual_seed(5)
        expected = [await straight.update(collection(6)), await straight.update(collection(7))]
        goal = weights(straight.learner)
    async with optimizer_of(context, config) as resumed:
        await resumed.update(collection(3))  # what it did before must not matter
        await resumed.restore(saved)
        assert resumed.version == 1
        found = [await resumed.update(collection(6)), await resumed.update(collection(7))]
        assert same(goal, weights(resumed.learner))
        assert resumed.version == 3
    for first, second in zip(expected, found, strict=True):
        assert first.turns == second.turns
        speed = "optimizer/tokens_per_second"
        assert {**first.metrics, speed: 0} == {**second.metrics, speed: 0}


async def test_a_checkpoints_policy_folder_is_a_model(context: Any, tmp_path: Path, with_model: Any) -> None:
    async with optimizer_of(context) as optimizer:
        await optimizer.update(collection())
        await optimizer.save(tmp_path)
        trained = dict(optimizer.learner.policy.model.named_parameters())
        policy = TransformersPolicy.build(TransformersConfig(), with_model(tmp_path / "policy"))
        assert same(dict(policy.model.named_parameters()), trained)
        async with policy.open(EpisodeId("train", 0, "task", 0)) as conversation:
            assert (await conversation.act([Message("user", "print")], Sampling(max_tokens=3))).ids
        await policy.close()


async def test_a_full_disk_is_named(context: Any, tmp_path: Path) -> None:
    (tmp_path / "counters.json").symlink_to("/dev/full")
    async with optimizer_of(context) as optimizer:
        with pytest.raises(CheckpointError, match=r"the disk is full.*make room"):
            await optimizer.save(tmp_path)


@pytest.mark.parametrize("lost", ["critic.safetensors", "counters.json", "policy/config.json"])
async def test_an_incomplete_checkpoint_is_refused(context: Any, tmp_path: Path, lost: str) -> None:
    saved = tmp_path / "saved" / "optimizer"
    saved.mkdir(parents=True)
    async with optimizer_of(context) as optimizer:
        await optimizer.save(saved)
        (saved / lost).unlink()
        with pytest.raises(CheckpointError, match=r"cannot be taken up.*remove the folder .*saved.* and resume"):
            await optimizer.restore(saved)


async def test_the_event_loop_lives_while_the_optimizer_works(context: Any) -> None:
    async with optimizer_of(context, evolve(FAST, passes=4)) as optimizer:
        task = asyncio.create_task(optimizer.update(collection(32)))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.001)
            ticks += 1
        assert ticks > 20


async def test_suspending_and_resuming_changes_nothing(context: Any) -> None:
    async with optimizer_of(context) as optimizer:
        await optimizer.update(collection())
        before = weights(optimizer.learner)
        await optimizer.suspend()
        await optimizer.resume()
        assert same(before, weights(optimizer.learner))
        assert (await optimizer.update(collection())).updates == 2


async def test_bfloat16_products_keep_float32_weights_and_stay_close(context: Any) -> None:
    exact, rough = (learner_of(context, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert all(each.dtype == torch.float32 for each in weights(rough).values())
    lessons = [each.lessons(collection()) for each in (exact, rough)]
    for first, second in zip(*lessons, strict=True):
        torch.testing.assert_close(first.scores.logprobs_old, second.scores.logprobs_old, atol=0.2, rtol=0)
        assert not torch.equal(first.scores.logprobs_old, second.scores.logprobs_old)


async def test_a_bandit_learns_the_token_that_is_rewarded_and_parity_holds(context: Any) -> None:
    bandit = evolve(context, sequences_per_update=32)
    policy = TransformersPolicy.build(TransformersConfig(), bandit)
    config = PpoConfig(learning_rate=1e-2, warmup_updates=2, kl_coefficient=0.0, passes=2)
    async with optimizer_of(bandit, config) as optimizer:
        rates = []
        for collected in range(8):
            async with optimizer.publish("memory") as published:
                await policy.load(published)
            trajectories = await asyncio.gather(*(pull(policy, collected, number) for number in range(64)))
            report = await optimizer.update(trajectories)
            assert report.metrics["optimizer/parity_max"] < 1e-4
            rates.append(sum(each.turns[0].reward > 0 for each in trajectories) / 64)
    await policy.close()
    assert rates[0] < 0.7
    assert rates[-1] > 0.9


async def pull(policy: TransformersPolicy, collected: int, number: int) -> Trajectory:
    """One token; the lower half of the vocabulary is rewarded."""
    id, seen = EpisodeId("train", collected, "bandit", number), (Message("user", "print"),)
    async with policy.open(id) as conversation:
        action = await conversation.act(seen, Sampling(temperature=0.7, max_tokens=1, seed=1000 * collected + number))
    reward = 1.0 if action.ids[0] < VOCABULARY // 2 else -1.0
    problem = Problem("bandit", "", "python", ())
    episode = Episode(id, problem, (Turn(seen, action, None, None),), None, Stop.TURN_LIMIT, 0.7)
    return Trajectory.from_episode(episode, (reward,))
