"""A quicker way through a model is taken where it gives the model's own numbers, and nowhere else."""

import logging
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, DynamicCache, LlamaConfig, MistralConfig, PreTrainedModel, Qwen2Config, Qwen3Config

from rlef_torch import forward
from rlef_torch.forward import choose_forward, own_forward
from rlef_torch.llama import LlamaForward, follows

SMALL: Any = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
}
FOLLOWED = {
    "one key head a head": LlamaConfig(**SMALL, num_key_value_heads=4, tie_word_embeddings=True),
    "shared key heads and biases": LlamaConfig(**SMALL, num_key_value_heads=1, attention_bias=True, mlp_bias=True),
    "heads of another width": LlamaConfig(**SMALL, num_key_value_heads=2, head_dim=16),
    "stretched positions": LlamaConfig(
        **SMALL,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 100.0,
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    ),
    "Qwen2": Qwen2Config(**SMALL, num_key_value_heads=2),
    "Mistral": MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=None),
}
UNFOLLOWED = {
    "windows": MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=9),
    "another class": Qwen3Config(**SMALL, num_key_value_heads=2, head_dim=8),
    "positions that depend on the length": LlamaConfig(**SMALL, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}),
}


def made(config: Any, seed: int = 0) -> PreTrainedModel:
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith(("bias", "norm.weight")):  # which start as 0 and 1, and would hide a part that is left out
            torch.nn.init.normal_(parameter, 1.0, 0.3)
    return model


@torch.inference_mode()
def told(forward: Any, first: int = 0) -> torch.Tensor:
    """Log-probs of three rows of 5, 9 and 12 ids, prefilled in two parts and followed by two steps; positions from `first` on."""
    ids = torch.randint(300, (3, 14), generator=torch.Generator().manual_seed(1))
    padding = torch.tensor([[7], [3], [0]])
    places = torch.arange(14).unsqueeze(0)
    mask, positions = places >= padding, (places - padding).clamp(min=0) + first
    cache, logits = DynamicCache(), []
    for start, stop in [(0, 8), (8, 12), (12, 13), (13, 14)]:
        part = slice(start, stop)
        logits.append(forward(ids[:, part], positions[:, part], mask[:, :stop], cache))
    return torch.stack(logits[1:]).log_softmax(-1)


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_quicker_way_gives_the_models_own_log_probs(name: str) -> None:
    expected = told(own_forward(made(FOLLOWED[name])))
    model = made(FOLLOWED[name])
    quick = choose_forward(model)
    assert isinstance(quick, LlamaForward)
    assert float((told(quick) - expected).abs().max()) < 1e-5
    assert float((told(own_forward(model)) - expected).abs().max()) < 1e-5


@pytest.mark.parametrize("name", UNFOLLOWED)
def test_other_models_are_computed_by_their_own_code(name: str) -> None:
    model = made(UNFOLLOWED[name])
    assert not follows(model)
    assert not isinstance(choose_forward(model), LlamaForward)


def test_a_config_that_says_nothing_of_its_positions_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(FOLLOWED["Qwen2"])
    monkeypatch.delattr(model.config, "rope_parameters")
    assert not follows(model)


def test_another_dtype_is_computed_by_the_models_own_code() -> None:
    assert not follows(made(FOLLOWED["Qwen2"]).to(torch.bfloat16))


def test_a_way_that_differs_on_the_probe_is_not_taken_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Wrong(LlamaForward):
        def __call__(self, *given: Any) -> torch.Tensor:
            return super().__call__(*given) * 1.001

    monkeypatch.setattr(forward, "LlamaForward", Wrong)
    with caplog.at_level(logging.WARNING):
        chosen = choose_forward(made(FOLLOWED["Qwen2"]))
    assert not isinstance(chosen, Wrong)
    assert "Qwen2ForCausalLM is decoded by its own code: the quicker way's log-probs are off by" in caplog.text


def test_weights_that_are_copied_into_the_model_are_seen_at_once() -> None:
    config = FOLLOWED["shared key heads and biases"]
    model, other = made(config), made(config, seed=1)
    quick = choose_forward(model)
    with torch.no_grad():
        for own, new in zip(model.parameters(), other.parameters(), strict=True):
            own.copy_(new)
    assert float((told(quick) - told(own_forward(other))).abs().max()) < 1e-5


def test_the_quicker_way_needs_no_second_copy_of_the_weights() -> None:
    model = made(FOLLOWED["one key head a head"])
    quick = choose_forward(model)
    assert isinstance(quick, LlamaForward)
    layer = model.model.layers[0]
    first, second = layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight
    assert second.data_ptr() == first.data_ptr() + first.nbytes


def test_positions_far_into_a_conversation_are_turned_as_the_model_turns_them() -> None:
    config = FOLLOWED["stretched positions"]
    assert float((told(choose_forward(made(config)), 3000) - told(own_forward(made(config)), 3000)).abs().max()) < 1e-5
