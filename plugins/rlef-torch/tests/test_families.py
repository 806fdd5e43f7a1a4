"""Every family learns from groups or rewarded answers as its settings say, splits its work freely, and goes on exactly."""

import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from torch import Tensor

from rlef_core import EpisodeId, Trajectory, TurnSpan
from rlef_torch.families import GrpoConfig, PpoConfig, RlooConfig, SftConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.metrics import GRPO_METRICS, RLOO_METRICS, SFT_METRICS
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.ppo import make_ppo
from rlef_torch.rewarded import RewardedLearner
from rlef_torch.rloo import make_rloo
from rlef_torch.sft import make_sft

FAST: Any = {"learning_rate": 1e-3, "warmup_updates": 0}
FAMILIES: dict[str, tuple[Any, Any]] = {
    "ppo": (make_ppo, PpoConfig(**FAST)),
    "grpo": (make_grpo, GrpoConfig(**FAST)),
    "rloo": (make_rloo, RlooConfig(**FAST)),
    "sft": (make_sft, SftConfig(**FAST)),
}
GROUPED = ["grpo", "rloo"]
REWARDED = ["ppo", *GROUPED]
SHAPES = [[(3, 4)], [(5, 2), (3, 6)], [(2, 3), (4, 1), (3, 5)], [(20, 9)]]


def trajectory(task: str, number: int, earned: float, shape: Sequence[tuple[int, int]]) -> Trajectory:
    """Random ids: for each turn so many prompt ids and so many sampled ones; the last turn earns everything."""
    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(300, (sum(map(sum, shape)),), generator=generator).tolist()
    trained: list[bool] = []
    turns = []
    for prompt, answer in shape:
        trained += [False] * prompt + [True] * answer
        turns.append(TurnSpan(len(trained) - answer, len(trained), 0.0))
    turns[-1] = evolve(turns[-1], reward=earned)
    logprobs = tuple(-5.0 if own else 0.0 for own in trained)
    versions = tuple(0 if own else -1 for own in trained)
    return Trajectory(EpisodeId("train", 0, task, number), tuple(ids), tuple(trained), logprobs, versions, tuple(turns), 1.0)


def collection(**groups: Sequence[float]) -> list[Trajectory]:
    """Groups of episodes by task, each with what its episodes earned."""
    earned = [(task, each) for task, returns in groups.items() for each in returns]
    return [trajectory(task, number, each, SHAPES[number % 4]) for number, (task, each) in enumerate(earned)]


MIXED = {"a": (1.0, -1.0, -1.0, 1.0), "b": (-1.0, 1.0, -1.0, -1.0)}


def learner_of(context: Any, family: str, **changes: Any) -> Any:
    make, config = FAMILIES[family]
    return make(context.model.path, evolve(config, **changes), context)


def weights(learner: Any) -> Tensor:
    return torch.cat([each.detach().flatten() for each in learner.policy.model.parameters()])


def learnt(context: Any, family: str, trajectories: Sequence[Trajectory], rounds: int = 1, **changes: Any) -> Tensor:
    learner = learner_of(context, family, **changes)
    for seed in range(rounds):
        learner.learn(trajectories, seed, 0)
    return weights(learner)


def gradient(learner: Any, trajectories: Sequence[Trajectory]) -> Tensor:
    lessons = learner.examples(trajectories) if hasattr(learner, "examples") else learner.taught(learner.lessons(trajectories))
    learner.updater.gradients(lessons)
    return torch.cat([each.grad.flatten() for each in learner.policy.model.parameters()])


@pytest.mark.parametrize("budget", [1, 60])
@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("grpo", {"average": "sequence"}),
        ("grpo", {"average": "token", "kl_in": "loss", "kl_estimator": "k2"}),
        ("rloo", {}),
        ("rloo", {"kl_in": "loss"}),
        ("ppo", {"kl_in": "loss"}),
        ("sft", {"loss_on": "all"}),
        ("sft", {"loss_on": "last"}),
    ],
)
def test_the_gradient_is_the_same_for_every_micro_batch_budget(context: Any, family: str, changes: dict[str, Any], budget: int) -> None:
    changes |= {"max_gradient_norm": 1e9}
    learners = [
        learner_of(context, family, micro_batch_tokens=tokens, logprob_chunk_tokens=chunk, **changes)
        for tokens, chunk in ((10_000, 1000), (budget, 3))
    ]
    for learner in learners:
        with torch.no_grad():  # the policy has moved from its reference, so that a KL in the loss has a gradient
            learner.policy.model.model.norm.weight += 0.1
    whole, split = (gradient(learner, collection(**MIXED)) for learner in learners)
    torch.testing.assert_close(split, whole, atol=1e-6, rtol=1e-4)
    assert whole.norm() > 1e-3


def test_grpos_mean_is_over_tokens_or_over_sequences_first(context: Any) -> None:
    trajectories = collection(**MIXED)
    lessons = {average: learner_of(context, "grpo", average=average).lessons(trajectories) for average in ("token", "sequence")}
    assert all(torch.equal(lesson.weights, torch.ones_like(lesson.weights)) for lesson in lessons["token"])
    assert [lesson.weights.sum().item() for lesson in lessons["sequence"]] == pytest.approx([1.0] * 8)
    token, sequence = (gradient(learner_of(context, "grpo", average=each), trajectories) for each in ("token", "sequence"))
    assert (token - sequence).norm() > 0.05 * token.norm()


def test_grpos_division_by_the_deviation_makes_every_group_count_alike(context: Any) -> None:
    trajectories = collection(a=(0.1, -0.1), b=(1.0, -1.0))
    reports = {flag: learner_of(context, "grpo", divide_by_deviation=flag).learn(trajectories, 0, 0).turns for flag in (True, False)}
    found = {flag: sorted({round(turn.advantage, 4) for turn in turns}) for flag, turns in reports.items()}
    assert found == {True: [-1.0, 1.0], False: [-1.0, -0.1, 0.1, 1.0]}


def test_rloo_reports_the_mean_of_the_others_as_the_value(context: Any) -> None:
    report = learner_of(context, "rloo").learn(collection(a=(1.0, -1.0, -1.0)), 0, 0)
    by_episode = {turn.episode.number: (turn.value, turn.return_, turn.advantage) for turn in report.turns}
    assert by_episode == {0: (-1.0, 1.0, 2.0), 1: (0.0, -1.0, -1.0), 2: (0.0, -1.0, -1.0)}


@pytest.mark.parametrize(("family", "metrics"), [("grpo", GRPO_METRICS), ("rloo", RLOO_METRICS), ("sft", SFT_METRICS)])
def test_an_update_gives_every_metric_that_its_family_declares(context: Any, family: str, metrics: Any) -> None:
    report = learner_of(context, family).learn(collection(**MIXED), 0, 0)
    without = {"optimizer/published_bytes"} | {"rloo": {"optimizer/kl_loss"}}.get(family, set())
    assert set(report.metrics) == {metric.name for metric in metrics} - without
    assert all(map(math.isfinite, report.metrics.values()))
    assert report.updates == 2


@pytest.mark.parametrize("family", GROUPED)
def test_a_group_that_faults_left_with_one_episode_is_left_out(context: Any, family: str) -> None:
    whole, alone = collection(**MIXED), collection(**MIXED, c=(1.0,))
    learners = [learner_of(evolve(context, sequences_per_update=16), family) for _ in range(2)]
    first, second = (learner.learn(each, 0, 0) for learner, each in zip(learners, (whole, alone), strict=True))
    assert (first.metrics["optimizer/left_out_share"], second.metrics["optimizer/left_out_share"]) == (0, pytest.approx(1 / 9))
    torch.testing.assert_close(*map(weights, learners), atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", REWARDED)
def test_groups_of_equal_returns_are_left_out_when_that_is_set(context: Any, family: str) -> None:
    trajectories = collection(a=(1.0, -1.0, -1.0, 1.0), b=(-1.0, -1.0, -1.0, -1.0))
    report = learner_of(context, family, skip_equal_groups=True).learn(trajectories, 0, 0)
    assert report.metrics["optimizer/left_out_share"] == 0.5
    assert len({turn.episode for turn in report.turns}) == 8
    assert learner_of(context, family).learn(trajectories, 0, 0).metrics["optimizer/left_out_share"] == 0
    assert not torch.equal(learnt(context, family, trajectories, skip_equal_groups=True), learnt(context, family, trajectories))


@pytest.mark.parametrize(("family", "changes"), [*((each, {"skip_equal_groups": True}) for each in REWARDED), ("sft", {})])
def test_a_collection_that_teaches_nothing_takes_no_step_and_counts_its_updates(context: Any, family: str, changes: Any) -> None:
    learner = learner_of(context, family, passes=3, **changes)
    before = weights(learner)
    report = learner.learn(collection(a=(-1.0,) * 4, b=(-1.0,) * 4), 0, 0)
    assert torch.equal(weights(learner), before)
    assert learner.updater.updates == 0
    assert report.updates == 6  # two for each pass over eight trajectories, as planned
    assert report.metrics["optimizer/left_out_share"] == 1
    assert "optimizer/policy_loss" not in report.metrics
    assert all(map(math.isfinite, report.metrics.values()))


@pytest.mark.parametrize("family", REWARDED)
def test_the_kl_pulls_from_the_loss_as_it_does_from_the_reward(context: Any, family: str) -> None:
    rounds = 3
    loose = learnt(context, family, collection(**MIXED), rounds, kl_coefficient=1e-12)
    start = weights(learner_of(context, family))
    by_place = {}
    for place in ("loss", "reward"):
        learner = learner_of(context, family, kl_coefficient=1.0, kl_in=place, kl_estimator="k1")
        metrics = [learner.learn(collection(**MIXED), seed, 0).metrics for seed in range(rounds)]
        by_place[place] = weights(learner)
        assert ("optimizer/kl_loss" in metrics[-1]) is (place == "loss")
        assert metrics[-1]["optimizer/kl_coefficient"] == 1.0
    for held in by_place.values():
        assert (held - loose).norm() > 0.01 * (loose - start).norm()
    assert not torch.equal(by_place["loss"], by_place["reward"])


def test_k1_and_k2_teach_the_same_in_the_loss_and_k3_does_not(context: Any) -> None:
    k1, k2, k3 = (learnt(context, "grpo", collection(**MIXED), 3, kl_coefficient=1.0, kl_estimator=each) for each in ("k1", "k2", "k3"))
    torch.testing.assert_close(k1, k2, atol=1e-5, rtol=0)
    assert (k1 - k3).norm() > 1e-3


@pytest.mark.parametrize("family", REWARDED)
def test_the_coefficient_follows_the_kl_and_a_checkpoint_keeps_it_exactly(context: Any, family: str, tmp_path: Path) -> None:
    learner = learner_of(context, family, kl_target=1e-4, kl_horizon=80)
    found = [learner.learn(collection(**MIXED), seed, 0).metrics for seed in range(3)]
    coefficients = [metrics["optimizer/kl_coefficient"] for metrics in found] + [learner.penalty.coefficient]
    for metrics, before, after in zip(found, coefficients[:-1], coefficients[1:], strict=True):
        error = min(max(metrics["optimizer/kl"] / 1e-4 - 1, -0.2), 0.2)
        assert after == pytest.approx(before * (1 + error * 8 / 80), rel=1e-12)
    assert coefficients[1] == pytest.approx(0.98 * coefficients[0])  # at first there is no KL
    resumed = learner_of(context, family, kl_target=1e-4, kl_horizon=80)
    resumed.restore(json.loads(json.dumps(learner.state())))
    assert resumed.penalty.coefficient == learner.penalty.coefficient


def test_a_wider_clip_lets_more_tokens_move(context: Any) -> None:
    shares = {}
    for low, high in ((0.2, 0.2), (0.0, 0.2), (0.2, 0.0)):
        learner = learner_of(context, "grpo", clip_low=low, clip_high=high, importance="old", passes=2)
        trajectories = on_policy(learner, collection(**MIXED))
        shares[low, high] = learner.learn(trajectories, 0, 0).metrics["optimizer/clip_share"]
    # of a rewarded token only the ratio above is held, of a punished one only that below
    assert shares[0.2, 0.2] < min(shares[0.0, 0.2], shares[0.2, 0.0])
    assert shares[0.0, 0.2] != shares[0.2, 0.0]


def on_policy(learner: Any, trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """The same, as if the learner's policy had sampled them."""
    scored = learner.scorer.scores(trajectories)
    return [evolve(each, logprobs=laid_out(each, scores.logprobs_old)) for each, scores in zip(trajectories, scored, strict=True)]


def laid_out(each: Trajectory, logprobs: Tensor) -> tuple[float, ...]:
    values = iter(logprobs.tolist())
    return tuple(next(values) if own else 0.0 for own in each.trained)


def test_every_pass_compares_with_the_policy_that_collected(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    learner: RewardedLearner = learner_of(context, "grpo", passes=3)
    trajectories = on_policy(learner, collection(**MIXED))
    before = [each.logprobs_old for each in learner.scorer.scores(trajectories)]
    seen: list[Any] = []
    update = learner.updater.update
    monkeypatch.setattr(type(learner.updater), "update", lambda self, lessons: seen.append(lessons) or update(lessons))
    report = learner.learn(trajectories, 0, 0)
    assert (report.updates, len(seen)) == (6, 6)
    taken = [lesson for lessons in seen for lesson in lessons]
    assert sorted(lesson.trajectory.episode.number for lesson in taken) == sorted([*range(8)] * 3)
    assert all(torch.equal(lesson.scores.logprobs_old, before[lesson.trajectory.episode.number]) for lesson in taken)
    assert not torch.equal(weights(learner), learnt(context, "grpo", trajectories, passes=1))


def test_sft_learns_what_earned_more_than_the_least_return(context: Any) -> None:
    trajectories = collection(a=(1.0, 0.8, 0.0, -1.0))
    for least, numbers in ((0.0, [0, 1]), (0.9, [0]), (-0.5, [0, 1, 2])):
        examples = learner_of(context, "sft", least_return=least).examples(trajectories)
        assert [each.trajectory.episode.number for each in examples] == numbers


def test_sft_learns_the_last_answer_or_all(context: Any) -> None:
    trajectories = collection(a=(1.0, 1.0, 1.0))
    last, every = (learner_of(context, "sft", loss_on=each) for each in ("last", "all"))
    assert [each.tokens for each in last.examples(trajectories)] == [4, 6, 5]
    assert [each.tokens for each in every.examples(trajectories)] == [4, 8, 9]


@pytest.mark.parametrize(("loss_on", "tokens"), [("last", 15), ("all", 21)])
def test_sfts_loss_is_the_cross_entropy_of_a_plain_forward_pass(context: Any, loss_on: str, tokens: int) -> None:
    learner = learner_of(context, "sft", loss_on=loss_on)
    trajectories = [evolve(each, temperature=0.7) for each in collection(a=(1.0, 1.0, 1.0, -1.0))]
    total = 0.0
    for each in trajectories[:3]:
        with torch.no_grad():
            logprobs = learner.policy.model(torch.tensor([each.ids])).logits[0].log_softmax(-1)
        turns = each.turns[-1:] if loss_on == "last" else each.turns
        total -= sum(float(logprobs[place - 1, each.ids[place]]) for turn in turns for place in range(turn.start, turn.stop))
    assert learner.learn(trajectories, 0, 0).metrics["optimizer/policy_loss"] == pytest.approx(total / tokens, rel=1e-5)


def test_no_critic_is_loaded_where_none_learns_and_no_reference_where_none_is_asked(context: Any) -> None:
    loaded = {}
    for family in FAMILIES:
        learner = learner_of(context, family)
        loaded[family] = (sorted(learner.updater.pupils), len(learner.fixed))
    assert loaded == {"ppo": (["critic", "policy"], 1), "grpo": (["policy"], 1), "rloo": (["policy"], 1), "sft": (["policy"], 0)}


def test_scoring_and_each_update_are_marked_in_the_timeline(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[str] = []
    monkeypatch.setattr(type(context), "span", lambda self, name: nullcontext(marked.append(name)))
    learner_of(context, "grpo").learn(collection(**MIXED), 0, 0)
    assert marked == ["score", "step", "step"]


@asynccontextmanager
async def built(context: Any, family: str, **changes: Any) -> AsyncIterator[TorchOptimizer]:
    make, config = FAMILIES[family]
    optimizer = TorchOptimizer.build(make, evolve(config, **changes), context)
    try:
        yield optimizer
    finally:
        await optimizer.close()


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("ppo", {"kl_in": "loss", "kl_target": 1e-3, "kl_horizon": 100}),
        ("grpo", {"kl_target": 1e-3, "kl_horizon": 100, "passes": 2, "warmup_updates": 6}),
        ("rloo", {"kl_target": 1e-3, "skip_equal_groups": True}),
        ("sft", {"passes": 2, "warmup_updates": 6}),
    ],
)
async def test_a_restored_optimizer_goes_on_bit_for_bit(context: Any, family: str, changes: Any, tmp_path: Path) -> None:
    lessons = [collection(**MIXED), collection(a=(1.0, -1.0, 1.0), b=(1.0, 1.0, 1.0))]
    async with built(context, family, **changes) as straight, built(context, family, **changes) as resumed:
        await straight.update(collection(**MIXED))
        await straight.save(tmp_path)
        await resumed.update(lessons[1])  # what it did before must not matter
        await resumed.restore(tmp_path)
        for each in lessons:
            first, second = await straight.update(each), await resumed.update(each)
            assert first.turns == second.turns
            assert {**first.metrics, "optimizer/tokens_per_second": 0} == {**second.metrics, "optimizer/tokens_per_second": 0}
        assert torch.equal(weights(straight.learner), weights(resumed.learner))
        assert (straight.version, straight.learner.updater.updates) == (resumed.version, resumed.learner.updater.updates)


@pytest.mark.parametrize(("family", "changes"), [("ppo", {"skip_equal_groups": True}), ("grpo", {"skip_equal_groups": True}), ("sft", {})])
async def test_a_collection_without_a_step_is_told_alike_by_a_restored_optimizer(
    context: Any, family: str, changes: Any, tmp_path: Path
) -> None:
    idle = collection(a=(-1.0,) * 4)
    async with built(context, family, **changes) as straight, built(context, family, **changes) as resumed:
        await straight.update(collection(**MIXED))
        await straight.save(tmp_path)
        await resumed.restore(tmp_path)
        first, second = await straight.update(idle), await resumed.update(idle)
    assert {**first.metrics, "optimizer/tokens_per_second": 0} == {**second.metrics, "optimizer/tokens_per_second": 0}


async def test_a_checkpoint_of_ppo_from_before_the_coefficient_was_saved_is_taken_up(context: Any, tmp_path: Path) -> None:
    async with built(context, "ppo") as optimizer:
        await optimizer.save(tmp_path)
        (tmp_path / "counters.json").write_text(json.dumps({"updates": 7, "version": 2}))
        await optimizer.restore(tmp_path)
        assert (optimizer.version, optimizer.learner.updater.updates) == (2, 7)
        assert optimizer.learner.state() == {"kl_coefficient": 0.05}
