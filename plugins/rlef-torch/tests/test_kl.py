"""Estimates of the KL and their gradients worked by hand, and the coefficient that follows a target."""

import math
from typing import Any

import pytest
import torch
from attrs import evolve
from torch import Tensor

from rlef_torch.families import GrpoConfig, PpoConfig, RlooConfig
from rlef_torch.kl import KlEstimator, adapted, kl_losses, kl_values
from rlef_torch.penalty import Penalty
from rlef_torch.returns import Scores, penalised_rewards

ESTIMATORS: list[KlEstimator] = ["k1", "k2", "k3"]
# of two tokens, log pi - log rho is log 2 and -log 2
NEW, REFERENCE = [math.log(0.5), math.log(0.25)], [math.log(0.25), math.log(0.5)]
LOG2 = math.log(2)


def doubles(numbers: Any) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [("k1", [LOG2, -LOG2]), ("k2", [LOG2**2 / 2] * 2), ("k3", [0.5 - 1 + LOG2, 2 - 1 - LOG2])],
)
def test_the_estimates_worked_by_hand(estimator: KlEstimator, expected: list[float]) -> None:
    assert kl_values(doubles(NEW), doubles(REFERENCE), estimator).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("estimator", "expected"), [("k1", [LOG2, -LOG2]), ("k2", [LOG2, -LOG2]), ("k3", [1 - 0.5, 1 - 2])])
def test_the_gradients_to_the_log_probs_worked_by_hand(estimator: KlEstimator, expected: list[float]) -> None:
    logprobs = doubles(NEW).requires_grad_()
    (gradient,) = torch.autograd.grad(kl_losses(logprobs, doubles(REFERENCE), estimator).sum(), logprobs)
    assert gradient.tolist() == pytest.approx(expected, abs=1e-12)


def distributions() -> tuple[Tensor, Tensor, Tensor]:
    """Logits of a policy over five ids, its log-probs, and its reference's."""
    logits = doubles([0.3, -1.0, 0.7, 0.1, -0.4]).requires_grad_()
    return logits, logits.log_softmax(-1), doubles([0.0, 0.5, -0.5, 1.0, -1.0]).log_softmax(-1)


def taught(estimator: KlEstimator) -> Tensor:
    """The mean gradient of the loss over ids drawn from the policy, exactly: each id's gradient times its probability."""
    logits, policy, reference = distributions()
    drawn = (policy.detach().exp() * kl_losses(policy, reference, estimator)).sum()
    return torch.autograd.grad(drawn, logits)[0]


@pytest.mark.parametrize(("estimator", "reverse"), [("k1", False), ("k2", False), ("k3", True)])
def test_in_the_loss_k1_and_k2_teach_the_kl_and_k3_the_reverse_kl(estimator: KlEstimator, reverse: bool) -> None:
    logits, policy, reference = distributions()
    first, second = (reference, policy) if reverse else (policy, reference)
    (expected,) = torch.autograd.grad((first.exp() * (first - second)).sum(), logits)
    torch.testing.assert_close(taught(estimator), expected, atol=1e-12, rtol=0)
    assert expected.abs().max() > 0.01


def test_the_plain_derivative_of_k1_would_teach_nothing() -> None:
    logits, policy, reference = distributions()
    (plain,) = torch.autograd.grad((policy.detach().exp() * (policy - reference)).sum(), logits)
    assert plain.abs().max() < 1e-12


@pytest.mark.parametrize(("estimator", "right"), [("k1", True), ("k2", False), ("k3", False)])
def test_in_the_reward_only_k1_has_the_gradient_of_the_kl(estimator: KlEstimator, right: bool) -> None:
    logits, policy, reference = distributions()
    (expected,) = torch.autograd.grad((policy.exp() * (policy - reference)).sum(), logits, retain_graph=True)
    # REINFORCE: the mean of the penalty times the gradient of the log-prob
    (found,) = torch.autograd.grad((policy.detach().exp() * kl_values(policy, reference, estimator) * policy).sum(), logits)
    assert torch.allclose(found, expected, atol=1e-12) is right


def test_the_reward_pays_for_the_estimate_that_is_chosen() -> None:
    scores = Scores(doubles([1.0]), [2], doubles(NEW), doubles(REFERENCE), None)
    paid = {name: 1 - penalised_rewards(scores, credit="turn", kl_coefficient=0.1, kl_estimator=name).item() for name in ESTIMATORS}
    assert paid == pytest.approx({"k1": 0.0, "k2": 0.1 * LOG2**2 / 2, "k3": 0.1 * 0.25})


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (0.11, 0.05 * (1 + 0.1 * 0.25)),  # 10 % above the target, a quarter of the horizon
        (0.1, 0.05),
        (0.09, 0.05 * (1 - 0.1 * 0.25)),
        (0.5, 0.05 * (1 + 0.2 * 0.25)),  # the error is held within 20 %
        (-0.3, 0.05 * (1 - 0.2 * 0.25)),
    ],
)
def test_the_adaptive_coefficient_worked_by_hand(measured: float, expected: float) -> None:
    assert adapted(0.05, measured, target=0.1, horizon=1000, episodes=250) == pytest.approx(expected)


@pytest.mark.parametrize(("measured", "factor"), [(0.0, 0.8), (9.0, 1.2)])
def test_a_collection_longer_than_the_horizon_moves_the_coefficient_by_a_fifth_and_never_below_nothing(
    measured: float, factor: float
) -> None:
    assert adapted(0.05, measured, target=0.1, horizon=100, episodes=1024) == pytest.approx(0.05 * factor)


def test_without_a_target_the_coefficient_stays() -> None:
    penalty = Penalty(PpoConfig(), 0.05)
    penalty.adapt(3.0, 1000)
    assert penalty.coefficient == 0.05


def test_the_horizon_is_ten_thousand_episodes_unless_set() -> None:
    default, set_ = (Penalty(PpoConfig(kl_target=0.1, kl_horizon=horizon), 0.05) for horizon in (None, 1000))
    for penalty in (default, set_):
        penalty.adapt(3.0, 1000)
    assert (default.coefficient, set_.coefficient) == (pytest.approx(0.05 * 1.02), pytest.approx(0.05 * 1.2))


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (PpoConfig, {"kl_coefficient": 0.0, "kl_in": "loss"}, "kl_in is 'loss' and has no effect: kl_coefficient is 0"),
        (PpoConfig, {"kl_coefficient": 0.0, "kl_estimator": "k3"}, "kl_estimator is 'k3' and has no effect: kl_coefficient is 0"),
        (GrpoConfig, {"kl_coefficient": 0.0, "kl_target": 0.1}, "kl_target is 0.1 and has no effect: kl_coefficient is 0"),
        (RlooConfig, {"kl_horizon": 500}, "kl_horizon is 500 and has no effect: there is no kl_target"),
    ],
)
def test_a_kl_setting_without_effect_is_refused(config: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**settings)
    assert evolve(config(), kl_coefficient=0.0).kl_coefficient == 0.0  # each family's own defaults are no choice
