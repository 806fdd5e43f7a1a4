import ast
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import rlef_torch.losses
from rlef_torch.kl import kl_losses
from rlef_torch.losses import Importance, importance_weights, likelihood_loss, policy_loss, reinforce_loss, value_loss, weighted_sum

PURE = {"losses", "returns", "logprobs", "batching", "kl", "groups"}
ALLOWED = {"torch", "attrs", "collections", "functools", "itertools", "math", "random", "typing"}


def doubles(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def logs(*numbers: float) -> Tensor:
    return doubles(*numbers).log()


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_pure_parts_import_nothing_heavier_than_torch_and_no_sibling_but_each_other(name: str) -> None:
    tree = ast.parse((Path(rlef_torch.losses.__file__).parent / f"{name}.py").read_text())
    imported = [each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names]
    imported += [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    siblings = {f"rlef_torch.{pure}" for pure in PURE}
    assert [module for module in imported if module not in siblings and module.split(".")[0] not in ALLOWED] == []


def test_the_surrogate_is_worked_by_hand_on_each_side_of_the_clip() -> None:
    # ratios 1.5, 0.5, 1.5, 0.5 against advantages 1, 1, -1, -1: the minimum takes 1.2, 0.5, -1.5, -0.8
    probabilities = doubles(0.6, 0.2, 0.6, 0.2).requires_grad_()
    old = logs(0.4, 0.4, 0.4, 0.4)
    loss, statistics = policy_loss(probabilities.log(), old, old, doubles(1, 1, -1, -1), importance="old")
    assert loss.item() == pytest.approx(0.6)
    assert statistics.outside.item() == 4
    assert statistics.clipped.item() == 2
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    # d(-p / 0.4 * A) is -2.5 * A where the clip lets it through
    assert probabilities.grad is not None
    assert probabilities.grad.tolist() == pytest.approx([0, -2.5, 2.5, 0])


def test_reinforce_worked_by_hand() -> None:
    # weights min(p / behaviour, 1) of 1 and 0.5; the gradient of log p is 1 / p
    probabilities = doubles(0.6, 0.2).requires_grad_()
    loss, statistics = reinforce_loss(probabilities.log(), logs(0.4, 0.4), logs(0.5, 0.4), doubles(2, -1))
    assert loss.item() == pytest.approx(-(2 * math.log(0.6) - 0.5 * math.log(0.2)))
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert probabilities.grad is not None
    assert probabilities.grad.tolist() == pytest.approx([-2 / 0.6, 0.5 / 0.2])
    means = statistics.means()
    assert (means["ratio"], means["weight"]) == (pytest.approx(1.0), pytest.approx(0.75))  # ratios 1.5 and 0.5


def test_reinforce_stays_away_from_no_ratio_however_far() -> None:
    far = logs(0.9).requires_grad_()
    policy, _ = policy_loss(far, logs(0.1), logs(0.1), doubles(1))
    reinforced, _ = reinforce_loss(far, logs(0.1), logs(0.1), doubles(1))
    assert torch.autograd.grad(policy, far)[0].item() == 0
    assert torch.autograd.grad(reinforced, far)[0].item() == pytest.approx(-1)


def test_the_likelihood_loss_is_the_sum_of_negative_log_probs() -> None:
    loss, statistics = likelihood_loss(logs(0.5, 0.25), entropy=doubles(1, 2))
    assert loss.item() == pytest.approx(math.log(8))
    assert statistics.means() == {"entropy": pytest.approx(1.5)}


def test_weights_make_a_mean_over_sequences_of_means_over_their_tokens() -> None:
    # two sequences of 1 and 3 tokens with advantages 1 and -1: over tokens (-1 + 3) / 4, over sequences (-1 + 1) / 2
    same, advantages = logs(0.4, 0.4, 0.4, 0.4), doubles(1, -1, -1, -1)
    token, _ = policy_loss(same, same, same, advantages, weights=doubles(1, 1, 1, 1))
    sequence, _ = policy_loss(same, same, same, advantages, weights=doubles(1, 1 / 3, 1 / 3, 1 / 3))
    assert (token.item() / 4, sequence.item() / 2) == (pytest.approx(0.5), pytest.approx(0))
    assert weighted_sum(doubles(1, 2), doubles(3, 4)).item() == 11


def test_the_clip_range_may_be_wider_above_than_below() -> None:
    old = logs(0.4, 0.4)
    loss, _ = policy_loss(logs(0.6, 0.2), old, old, doubles(1, -2), importance="old", clip=(0.1, 0.4))
    assert loss.item() == pytest.approx(-1.4 + 2 * 0.9)


def test_the_importance_weight_is_truncated_at_one_and_follows_the_chosen_policy() -> None:
    new, old, behaviour = logs(0.3, 0.9), logs(0.6, 0.2), logs(0.6, 0.4)
    assert importance_weights(new, old, behaviour, "current").tolist() == pytest.approx([0.5, 1.0])
    assert importance_weights(new, old, behaviour, "old").tolist() == pytest.approx([1.0, 0.5])


def test_the_clip_sees_the_weighted_ratio() -> None:
    # ratio 1.5 and weight 0.5: 0.75, inside no clip for A > 0, and below 0.8 for A < 0
    new, old, behaviour = logs(0.6, 0.6), logs(0.4, 0.4), logs(0.8, 0.8)
    loss, statistics = policy_loss(new, old, behaviour, doubles(1, -1), importance="old")
    assert loss.item() == pytest.approx(-0.75 + 0.8)
    assert (statistics.outside.item(), statistics.clipped.item()) == (2, 1)
    assert statistics.means()["ratio"] == pytest.approx(1.5)
    assert statistics.means()["weight"] == pytest.approx(0.5)


def test_a_far_behaviour_policy_overflows_nothing() -> None:
    far = torch.tensor([-500.0])
    near = torch.tensor([-0.1])
    assert importance_weights(near, near, far, "current").tolist() == [1.0]
    assert policy_loss(near, near, far, torch.ones(1))[0].item() == -1.0


def test_the_statistics_are_sums_that_add_up() -> None:
    new, old, entropy = logs(0.6, 0.2, 0.5), logs(0.4, 0.4, 0.5), doubles(1.0, 2.0, 6.0)
    whole = policy_loss(new, old, old, doubles(1, -1, 1), entropy=entropy)[1]
    first = policy_loss(new[:1], old[:1], old[:1], doubles(1), entropy=entropy[:1])[1]
    rest = policy_loss(new[1:], old[1:], old[1:], doubles(-1, 1), entropy=entropy[1:])[1]
    assert (first + rest).means() == pytest.approx(whole.means())
    assert whole.means()["entropy"] == pytest.approx(3.0)
    # k3: 1.5 - 1 - log 1.5, 0.5 - 1 - log 0.5, 0
    assert whole.kl.item() == pytest.approx(-math.log(1.5) - math.log(0.5))
    assert all(not value.requires_grad for value in whole.sums().values())


def test_without_entropies_there_is_no_entropy_among_the_statistics() -> None:
    old = logs(0.4)
    assert "entropy" not in policy_loss(old, old, old, doubles(1))[1].means()


def test_the_value_loss_is_worked_by_hand_on_each_side_of_the_clip() -> None:
    # V_old 0, R 1: V 0.1 stays; V 0.5 is held at 0.2, the greater error; V -0.5 is held at -0.2, the smaller error
    values = doubles(0.1, 0.5, -0.5).requires_grad_()
    loss, statistics = value_loss(values, doubles(0, 0, 0), doubles(1, 1, 1))
    assert loss.item() == pytest.approx((0.81 + 0.64 + 2.25) / 2)
    assert statistics.clipped.item() == 1
    assert statistics.squared_error.item() == pytest.approx(0.81 + 0.25 + 2.25)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert values.grad is not None
    assert values.grad.tolist() == pytest.approx([-0.9, 0.0, -1.5])


def test_an_infinite_value_clip_leaves_the_plain_squared_error() -> None:
    loss, statistics = value_loss(doubles(5.0), doubles(0.0), doubles(1.0), clip=math.inf)
    assert loss.item() == 8.0
    assert statistics.clipped.item() == 0


def test_no_tokens_give_a_loss_of_zero_that_can_go_backward() -> None:
    none = torch.zeros(0, requires_grad=True)
    loss, statistics = policy_loss(none, none.detach(), none.detach(), none.detach())
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert loss.item() == 0
    assert statistics.means()["ratio"] == 0


def test_shapes_that_differ_are_refused_before_they_broadcast() -> None:
    three, one = torch.zeros(3), torch.zeros(1)
    with pytest.raises(ValueError, match=r"advantages has shape \(1,\) and logprobs \(3,\)"):
        policy_loss(three, three, three, one)
    with pytest.raises(ValueError, match=r"returns has shape \(1,\) and values \(3,\)"):
        value_loss(three, three, one)


LOGPROB = st.floats(-3, 0)
TOKEN = st.tuples(LOGPROB, LOGPROB, LOGPROB, st.floats(-2, 2))


@given(st.lists(st.tuples(TOKEN, st.integers(0, 3)), min_size=1, max_size=20), st.sampled_from(["current", "old"]))
def test_any_split_under_the_updates_own_denominators_gives_the_same_gradient(
    tokens: list[tuple[tuple[float, float, float, float], int]], importance: Importance
) -> None:
    columns = torch.tensor([numbers for numbers, _ in tokens], dtype=torch.float64)
    parts = [[j for j, (_, part) in enumerate(tokens) if part == number] for number in range(4)]
    whole = _gradient(columns, [list(range(len(tokens)))], importance)
    torch.testing.assert_close(_gradient(columns, parts, importance), whole, atol=1e-12, rtol=1e-12)


def _gradient(columns: Tensor, parts: list[list[int]], importance: Importance) -> Tensor:
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for part in parts:
        new, old, behaviour, other = columns[part].unbind(1)
        policy = policy_loss(new + shift, old, behaviour, other, importance=importance)[0]
        policy += reinforce_loss(new + shift, old, behaviour, other, importance=importance, weights=old)[0]
        policy += likelihood_loss(new + shift)[0] + kl_losses(new + shift, old, "k3").sum()
        value = value_loss(new + shift, old, other)[0]
        ((policy + value) / len(columns)).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert shift.grad is not None
    return shift.grad
