"""A model's shape is exact without its weights, and the peak of a computation counts each storage once, as long as it lives."""

from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import LlamaConfig, MambaConfig

from rlef_core import ModelSpec
from rlef_models.memory import peak, policy_dtype, read_shape

SHAPES = Path(__file__).parents[3] / "docs" / "specs" / "shapes"


@pytest.mark.repository
@pytest.mark.parametrize(
    ("name", "parameters", "token"), [("llama-3.1-8b", 8_030_261_248, 131_072), ("llama-3.1-70b", 70_553_706_496, 327_680)]
)
def test_the_shapes_that_specs_name_have_the_known_numbers(name: str, parameters: int, token: int) -> None:
    shape = read_shape(ModelSpec(str(SHAPES / name), max_length=1024))
    assert shape.parameters == parameters
    assert shape.body == parameters - shape.vocabulary * shape.width  # the output layer is no part of a critic
    # keys and values of 8 heads of 128 in each of 32 or 80 layers, in bfloat16
    assert shape.token_bytes(torch.bfloat16) == token


def test_weights_that_are_shared_count_once_and_a_running_state_keeps_no_tokens(tmp_path: Path) -> None:
    small = {"vocab_size": 100, "hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 8, "num_attention_heads": 2}
    for number, tied in enumerate((False, True)):
        LlamaConfig(**small, tie_word_embeddings=tied).save_pretrained(tmp_path / str(number))
    untied, tied = (read_shape(ModelSpec(str(tmp_path / str(number)))) for number in (0, 1))
    assert untied.parameters - tied.parameters == 100 * 16
    assert untied.body == tied.body
    MambaConfig(vocab_size=100, hidden_size=16, num_hidden_layers=1).save_pretrained(tmp_path / "mamba")
    assert read_shape(ModelSpec(str(tmp_path / "mamba"))).token_bytes(torch.float32) == 0


def test_auto_is_the_model_s_own_dtype_on_an_accelerator_and_float32_on_a_cpu() -> None:
    config = LlamaConfig(dtype="bfloat16")
    assert policy_dtype("auto", config, "cuda:1") is torch.bfloat16
    assert policy_dtype("auto", config, "cpu") is torch.float32
    assert policy_dtype("float16", config, "cpu") is torch.float16


@pytest.mark.parametrize("fake", [False, True])
def test_a_peak_counts_what_lives_and_neither_views_nor_what_was_there_before(fake: bool) -> None:
    with FakeTensorMode() if fake else torch.no_grad():
        before = torch.zeros(1000)
        with peak() as found:
            first = before + 1  # 4000 bytes
            first.mul_(2)
            view = first[:10]
            second = torch.cat([first, before])  # 8000 more
            del first, view
            third = second[:500] * 2  # 2000 more, when the first are gone
            assert found.bytes == 10_000
            del second, third
        assert (found.bytes, found.most) == (0, 12_000)
