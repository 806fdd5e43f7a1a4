"""The worked batch of RLEF PPO: every intermediate and both losses agree to 1e-9 in float64."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from rlef_torch.losses import Importance, policy_loss, value_loss
from rlef_torch.returns import Scores, Targets, learning_targets, monte_carlo_returns, penalised_rewards

ORACLE: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "ppo_batch.json").read_text())
CONSTANTS = ORACLE["constants"]
TURNS: list[dict[str, Any]] = [turn for episode in ORACLE["episodes"] for turn in episode["turns"]]
TOLERANCE = 1e-9


def test_the_kl_is_the_mean_over_a_responses_tokens() -> None:
    _agree(torch.cat([targets.kl for targets in _targets()]), "kl_mean")


def test_the_rewards_carry_the_kl_penalty() -> None:
    _agree(torch.cat([targets.rewards for targets in _targets()]), "reward")


def test_the_returns_are_monte_carlo() -> None:
    _agree(torch.cat([targets.returns for targets in _targets()]), "return")


def test_the_advantages_before_normalisation_are_return_minus_value() -> None:
    raw = torch.cat([_returns(scores) - scores.values for scores in _scores()])
    _agree(raw, "advantage")
    assert raw.mean().item() == pytest.approx(ORACLE["expected"]["advantage_mean"], abs=TOLERANCE)
    assert raw.std(correction=0).item() == pytest.approx(ORACLE["expected"]["advantage_std"], abs=TOLERANCE)


def test_the_advantages_are_normalised_over_the_batchs_turns() -> None:
    _agree(torch.cat([targets.advantages for targets in _targets()]), "advantage_normalised")


@pytest.mark.parametrize("importance", ["current", "old"])
def test_the_policy_loss_agrees_turn_by_turn_and_in_the_mean(importance: Importance) -> None:
    sums = [_policy_loss(turn, importance)[0] for turn in TURNS]
    _agree(-torch.stack(sums), f"surrogate_sum_{importance}")
    mean = torch.stack(sums).sum() / ORACLE["expected"]["tokens"]
    assert mean.item() == pytest.approx(ORACLE["expected"][f"policy_loss_importance_{importance}"], abs=TOLERANCE)


def test_the_policy_loss_of_all_tokens_at_once_uses_the_advantages_laid_out_over_them() -> None:
    advantages = torch.cat([targets.token_advantages for targets in _targets()])
    loss, _ = policy_loss(_column("new"), _column("old"), _column("behaviour"), advantages, clip=CONSTANTS["clip"])
    expected = ORACLE["expected"]["policy_loss_importance_current"]
    assert (loss / ORACLE["expected"]["tokens"]).item() == pytest.approx(expected, abs=TOLERANCE)


def test_the_share_of_tokens_outside_the_clip_range_is_counted() -> None:
    statistics = _policy_loss(TURNS[0], "current")[1]
    for turn in TURNS[1:]:
        statistics += _policy_loss(turn, "current")[1]
    assert statistics.count.item() == ORACLE["expected"]["tokens"]
    share = ORACLE["expected"]["share_of_tokens_outside_the_clip_range"]
    assert statistics.means()["outside"] == pytest.approx(share, abs=TOLERANCE)


def test_the_value_loss_agrees_turn_by_turn_and_in_the_mean() -> None:
    sums = [_value_loss(turn) for turn in TURNS]
    _agree(torch.stack(sums), "value_loss")
    mean = torch.stack(sums).sum() / ORACLE["expected"]["turns"]
    assert mean.item() == pytest.approx(ORACLE["expected"]["value_loss"], abs=TOLERANCE)


def _agree(computed: Tensor, name: str) -> None:
    assert computed.tolist() == pytest.approx([turn["expected"][name] for turn in TURNS], abs=TOLERANCE)


def _targets() -> list[Targets]:
    return learning_targets(_scores(), kl_coefficient=CONSTANTS["kl_coefficient"], gamma=CONSTANTS["gamma"], epsilon=CONSTANTS["epsilon"])


def _scores() -> list[Scores]:
    return [
        Scores(
            task_rewards=_tensor([turn["task_reward"] for turn in turns]),
            lengths=[len(turn["logprob_old"]) for turn in turns],
            logprobs_old=_tensor([each for turn in turns for each in turn["logprob_old"]]),
            logprobs_reference=_tensor([each for turn in turns for each in turn["logprob_reference"]]),
            values=_tensor([turn["value_old"] for turn in turns]),
        )
        for turns in (episode["turns"] for episode in ORACLE["episodes"])
    ]


def _returns(scores: Scores) -> Tensor:
    rewards = penalised_rewards(scores, credit="turn", kl_coefficient=CONSTANTS["kl_coefficient"])
    return monte_carlo_returns(rewards, CONSTANTS["gamma"])


def _policy_loss(turn: dict[str, Any], importance: Importance) -> Any:
    new, old, behaviour = (_tensor(turn[f"logprob_{which}"]) for which in ("new", "old", "behaviour"))
    advantages = torch.full_like(new, turn["expected"]["advantage_normalised"])
    return policy_loss(new, old, behaviour, advantages, importance=importance, clip=CONSTANTS["clip"])


def _value_loss(turn: dict[str, Any]) -> Tensor:
    new, old, returns = (_tensor([x]) for x in (turn["value_new"], turn["value_old"], turn["expected"]["return"]))
    return value_loss(new, old, returns, clip=CONSTANTS["value_clip"])[0]


def _column(which: str) -> Tensor:
    return _tensor([each for turn in TURNS for each in turn[f"logprob_{which}"]])


def _tensor(numbers: list[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
