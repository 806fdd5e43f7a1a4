"""The gradient of an update is that of a slow reference in plain Python, however the update is split.

One model with shared parameters moves the log-probs and values of all five turns of the worked batch, so that a wrong
denominator in any split shows in the sum of the gradients. The reference never calls the code under test: it is written
from the formulas, once differentiated by hand and once by finite differences.
"""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from rlef_torch.logprobs import token_logprobs
from rlef_torch.losses import Importance, policy_loss, value_loss

BATCH: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "ppo_batch.json").read_text())
TURNS: list[dict[str, Any]] = [turn for episode in BATCH["episodes"] for turn in episode["turns"]]
TOKENS = sum(len(turn["logprob_new"]) for turn in TURNS)
PARAMETERS = 3
CLIP = 0.2


def partitions(items: Sequence[int]) -> Iterator[list[list[int]]]:
    """Yield every way to put `items` into unordered, non-empty groups."""
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for i, group in enumerate(rest):
            yield [*rest[:i], [items[0], *group], *rest[i + 1 :]]


SPLITS = list(partitions(range(5)))


def test_five_turns_have_as_many_splits_as_bells_number_says() -> None:
    assert len(SPLITS) == 52
    assert all(sorted(chain(*split)) == [0, 1, 2, 3, 4] for split in SPLITS)


@pytest.mark.parametrize("importance", ["current", "old"])
def test_the_gradient_of_every_split_is_the_one_derived_by_hand(importance: Importance) -> None:
    expected = _by_hand(importance)
    for split in SPLITS:
        assert _by_autograd(split, importance) == pytest.approx(expected, abs=1e-12), split


@pytest.mark.parametrize("importance", ["current", "old"])
def test_the_gradient_of_every_split_is_the_one_of_finite_differences(importance: Importance) -> None:
    expected = _by_differences(importance)
    for split in SPLITS:
        assert _by_autograd(split, importance) == pytest.approx(expected, abs=1e-8), split


def test_the_reference_notices_a_denominator_that_belongs_to_the_micro_batch() -> None:
    wrong = [0.0] * PARAMETERS
    for turn in range(5):
        tokens = len(TURNS[turn]["logprob_new"])
        part = _by_autograd([[turn]], "current", tokens=tokens, turns=1)
        wrong = [total + each / 5 for total, each in zip(wrong, part, strict=True)]
    assert wrong != pytest.approx(_by_hand("current"), abs=1e-3)


def test_the_gradient_through_the_vocabulary_is_the_same_for_every_split() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(TOKENS, 4, generator=generator, dtype=torch.float64)
    ids = torch.randint(7, (TOKENS,), generator=generator)
    head = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        old = token_logprobs(hidden, head, ids)[0] + 0.3 * torch.randn(TOKENS, generator=generator)
    gradients = [_through_the_vocabulary(split, hidden, head, ids, old) for split in SPLITS]
    for gradient in gradients:
        torch.testing.assert_close(gradient, gradients[0], atol=1e-13, rtol=0)
    assert gradients[0].abs().max() > 1e-3


# The model: log-prob j and value t move along fixed directions in the shared parameters, and stand where the batch has
# them when the parameters are zero.


def _directions(first: int, rows: int) -> list[list[float]]:
    return [[math.sin(1.7 * row + 0.9 * column + 0.4) for column in range(PARAMETERS)] for row in range(first, first + rows)]


def _first_token(turn: int) -> int:
    return sum(len(each["logprob_new"]) for each in TURNS[:turn])


def _token_directions(turn: int) -> list[list[float]]:
    return _directions(_first_token(turn), len(TURNS[turn]["logprob_new"]))


def _value_directions(turn: int) -> list[list[float]]:
    return _directions(100 + turn, 1)


def _by_autograd(split: list[list[int]], importance: Importance, *, tokens: int = TOKENS, turns: int = 5) -> list[float]:
    parameters = torch.zeros(PARAMETERS, dtype=torch.float64, requires_grad=True)
    for group in split:
        loss = _policy_sum(parameters, group, importance) / tokens + _value_sum(parameters, group) / turns
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert parameters.grad is not None
    return [float(each) for each in parameters.grad]


def _policy_sum(parameters: Tensor, group: list[int], importance: Importance) -> Tensor:
    new, old, behaviour = (_column(group, f"logprob_{which}") for which in ("new", "old", "behaviour"))
    directions = _double([row for turn in group for row in _token_directions(turn)])
    advantages = [_advantage(turn) for turn in group for _ in TURNS[turn]["logprob_new"]]
    return policy_loss(new + directions @ parameters, old, behaviour, _double(advantages), importance=importance)[0]


def _value_sum(parameters: Tensor, group: list[int]) -> Tensor:
    directions = _double([row for turn in group for row in _value_directions(turn)])
    values, old = (_double([TURNS[turn][name] for turn in group]) for name in ("value_new", "value_old"))
    returns = _double([TURNS[turn]["expected"]["return"] for turn in group])
    return value_loss(values + directions @ parameters, old, returns)[0]


def _column(group: list[int], name: str) -> Tensor:
    return _double([each for turn in group for each in TURNS[turn][name]])


def _double(numbers: Any) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def _through_the_vocabulary(split: list[list[int]], hidden: Tensor, head: Tensor, ids: Tensor, old: Tensor) -> Tensor:
    weight = head.clone().requires_grad_()
    for group in split:
        rows = [j for turn in group for j in range(_first_token(turn), _first_token(turn + 1))]
        advantages = _double([_advantage(turn) for turn in group for _ in TURNS[turn]["logprob_new"]])
        logprobs, _ = token_logprobs(hidden[rows], weight, ids[rows], chunk_tokens=2)
        loss = policy_loss(logprobs, old[rows], old[rows], advantages)[0] / TOKENS
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert weight.grad is not None
    return weight.grad


# The reference, from the formulas, in plain Python.


def _advantage(turn: int) -> float:
    return float(TURNS[turn]["expected"]["advantage_normalised"])


def _weight(turn: int, j: int, importance: Importance) -> float:
    policy = TURNS[turn]["logprob_new" if importance == "current" else "logprob_old"][j]
    return float(min(math.exp(policy - TURNS[turn]["logprob_behaviour"][j]), 1.0))


def _by_hand(importance: Importance) -> list[float]:
    """d(-ratio A) = -ratio A dlogp where the clip leaves the ratio alone, else 0; d(1/2 (V - R)^2) = (V - R) dV."""
    gradient = [0.0] * PARAMETERS
    for turn, record in enumerate(TURNS):
        for j, directions in enumerate(_token_directions(turn)):
            ratio = _weight(turn, j, importance) * math.exp(record["logprob_new"][j] - record["logprob_old"][j])
            stopped = ratio > 1 + CLIP if _advantage(turn) > 0 else ratio < 1 - CLIP
            for p in range(PARAMETERS):
                gradient[p] -= 0.0 if stopped else ratio * _advantage(turn) * directions[p] / TOKENS
        error = record["value_new"] - record["expected"]["return"]
        low, high = record["value_old"] - CLIP, record["value_old"] + CLIP
        held = min(max(record["value_new"], low), high) - record["expected"]["return"]
        for p in range(PARAMETERS):
            gradient[p] += 0.0 if abs(held) > abs(error) else error * _value_directions(turn)[0][p] / 5
    return gradient


def _by_differences(importance: Importance, step: float = 1e-6) -> list[float]:
    gradient = []
    for p in range(PARAMETERS):
        up, down = ([sign * step * (p == q) for q in range(PARAMETERS)] for sign in (1, -1))
        gradient.append((_slow_loss(up, importance) - _slow_loss(down, importance)) / (2 * step))
    return gradient


def _slow_loss(parameters: list[float], importance: Importance) -> float:
    """The loss of the whole update; the importance weights stay those of the unmoved model, being without gradient."""
    policy = value = 0.0
    for turn, record in enumerate(TURNS):
        for j, directions in enumerate(_token_directions(turn)):
            logprob = record["logprob_new"][j] + _dot(directions, parameters)
            ratio = _weight(turn, j, importance) * math.exp(logprob - record["logprob_old"][j])
            policy -= min(ratio * _advantage(turn), min(max(ratio, 1 - CLIP), 1 + CLIP) * _advantage(turn))
        new = record["value_new"] + _dot(_value_directions(turn)[0], parameters)
        held = min(max(new, record["value_old"] - CLIP), record["value_old"] + CLIP)
        value += max((new - record["expected"]["return"]) ** 2, (held - record["expected"]["return"]) ** 2) / 2
    return policy / TOKENS + value / 5


def _dot(left: list[float], right: list[float]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))
