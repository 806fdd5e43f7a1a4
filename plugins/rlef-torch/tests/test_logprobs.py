import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from rlef_torch.logprobs import token_logprobs


def inputs(tokens: int = 7, width: int = 4, vocabulary: int = 11, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(tokens, width, generator=generator, dtype=torch.float64)
    head = torch.randn(vocabulary, width, generator=generator, dtype=torch.float64)
    return hidden, head, torch.randint(vocabulary, (tokens,), generator=generator)


class LargestResult(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Remembers the number of elements of the largest tensor that any operation returned, backward included."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.elements = max(self.elements, result.numel())
        return result


class MostAtOnce(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Remembers the most elements that the results of operations held together, backward included."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.elements = 0
        self._held: dict[StorageWeakRef, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            storage = StorageWeakRef(result.untyped_storage())  # type: ignore[no-untyped-call]  # torch leaves it untyped
            self._held[storage] = result.untyped_storage().nbytes() // result.element_size()
            self._held = {each: size for each, size in self._held.items() if not each.expired()}  # type: ignore[no-untyped-call]  # the same
            self.elements = max(self.elements, sum(self._held.values()))
        return result


def test_two_words_worked_by_hand() -> None:
    # logits (0, log 3) and (log 3, 0): probabilities 1/4 and 3/4
    hidden = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0]], dtype=torch.float64)
    head = torch.eye(2, dtype=torch.float64)
    logprobs, entropy = token_logprobs(hidden, head, torch.tensor([1, 1]), entropy=True)
    assert entropy is not None
    assert logprobs.exp().tolist() == pytest.approx([0.75, 0.25], abs=1e-12)
    assert entropy.tolist() == pytest.approx([0.562335144618808] * 2, abs=1e-12)


@given(st.integers(0, 9), st.integers(1, 12), st.floats(0.1, 3), st.sampled_from([None, 2.0]))
def test_chunks_change_neither_results_nor_gradients(tokens: int, chunk: int, temperature: float, soft_cap: float | None) -> None:
    hidden, head, ids = inputs(tokens)
    bias = torch.linspace(-1, 1, len(head), dtype=torch.float64)
    leaves = [each.requires_grad_() for each in (hidden, head, bias)]
    options: dict[str, Any] = {"bias": bias, "temperature": temperature, "soft_cap": soft_cap, "entropy": True}
    logprobs, entropy = token_logprobs(hidden, head, ids, chunk_tokens=chunk, **options)
    expected, spread = _unchunked(hidden, head, ids, bias, temperature, soft_cap)
    torch.testing.assert_close(logprobs, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(entropy, spread, atol=1e-12, rtol=0)
    weights = torch.linspace(-1, 2, tokens, dtype=torch.float64)
    torch.testing.assert_close(
        torch.autograd.grad((weights * logprobs).sum(), leaves),
        torch.autograd.grad((weights * expected).sum(), leaves),
        atol=1e-12,
        rtol=0,
    )


def test_the_logits_of_no_more_than_a_chunk_exist_at_once_forward_and_backward() -> None:
    hidden, head, ids = inputs(tokens=64, vocabulary=50)
    hidden.requires_grad_()
    head.requires_grad_()
    with LargestResult() as chunked:  # type: ignore[no-untyped-call]  # torch leaves it untyped
        _backward(token_logprobs(hidden, head, ids, chunk_tokens=8)[0])
    with LargestResult() as whole:  # type: ignore[no-untyped-call]  # torch leaves it untyped
        _backward(token_logprobs(hidden, head, ids, chunk_tokens=64)[0])
    assert chunked.elements == 8 * 50
    assert whole.elements == 64 * 50


@pytest.mark.parametrize(("chunk", "copies"), [(8, 1), (256, 3)])
def test_all_logits_together_are_never_held_forward_or_backward(chunk: int, copies: int) -> None:
    hidden, head, ids = inputs(tokens=256, vocabulary=500)
    hidden.requires_grad_()
    head.requires_grad_()
    with MostAtOnce() as most:
        _backward(token_logprobs(hidden, head, ids, chunk_tokens=chunk)[0])
    # in chunks less than one copy of all logits stands in memory, at once more than two
    assert copies - 1 < most.elements / (256 * 500) < copies + 2 * (chunk == 256)


def test_bf16_input_is_normalised_in_float32() -> None:
    hidden, head, ids = inputs(vocabulary=4000)
    logprobs, entropy = token_logprobs(hidden.bfloat16(), head.bfloat16(), ids, entropy=True)
    logits = (hidden.bfloat16() @ head.bfloat16().T).float()
    assert entropy is not None
    assert logprobs.dtype == entropy.dtype == torch.float32
    torch.testing.assert_close(logprobs, logits.log_softmax(-1).gather(-1, ids[:, None])[:, 0], atol=1e-5, rtol=0)


def test_a_head_with_masked_ids_has_a_finite_entropy() -> None:
    hidden, head, ids = inputs()
    bias = torch.zeros(len(head), dtype=torch.float64)
    bias[-1] = -torch.inf
    _, entropy = token_logprobs(hidden, head, ids.clamp(max=len(head) - 2), bias=bias, entropy=True)
    assert entropy is not None
    assert entropy.isfinite().all()


def test_the_entropy_is_taken_only_on_request_and_has_no_gradient() -> None:
    hidden, head, ids = inputs()
    hidden.requires_grad_()
    assert token_logprobs(hidden, head, ids)[1] is None
    entropy = token_logprobs(hidden, head, ids, entropy=True)[1]
    assert entropy is not None
    assert not entropy.requires_grad


def test_without_gradient_nothing_is_recorded() -> None:
    hidden, head, ids = inputs()
    with torch.no_grad():
        assert not token_logprobs(hidden.requires_grad_(), head, ids)[0].requires_grad


@pytest.mark.parametrize(("option", "value"), [("temperature", 0.0), ("temperature", -1.0), ("chunk_tokens", 0)])
def test_a_temperature_or_chunk_that_is_not_positive_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{option} is {value}"):
        token_logprobs(*inputs(), **{option: value})


def test_targets_that_do_not_match_the_hidden_states_are_refused() -> None:
    hidden, head, ids = inputs()
    with pytest.raises(ValueError, match=r"hidden has shape \(7, 4\) and targets \(6,\)"):
        token_logprobs(hidden, head, ids[1:])


def _backward(logprobs: Tensor) -> None:
    logprobs.sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped


def _unchunked(
    hidden: Tensor, head: Tensor, ids: Tensor, bias: Tensor, temperature: float, soft_cap: float | None
) -> tuple[Tensor, Tensor]:
    logits = hidden @ head.T + bias
    if soft_cap is not None:
        logits = soft_cap * torch.tanh(logits / soft_cap)
    logprobs = logits / temperature - (logits / temperature).logsumexp(-1, keepdim=True)
    return logprobs[torch.arange(len(ids)), ids], -(logprobs.exp() * logprobs).sum(-1).detach()
