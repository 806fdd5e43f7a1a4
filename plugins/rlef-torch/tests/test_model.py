"""A model that cannot be used is refused with what was found and what to do."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config

from rlef_models.model import ModelError
from rlef_torch.config import TransformersConfig
from rlef_torch.families import PpoConfig
from rlef_torch.model import choose_dtype, load_model
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy
from rlef_torch.ppo import make_ppo


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


def test_a_missing_folder_is_named(context: Any, with_model: Any) -> None:
    with pytest.raises(ModelError, match=r"model.path './no/such': there is no such folder \(/.*no/such\); give"):
        TransformersPolicy.build(TransformersConfig(), with_model("./no/such"))
    with pytest.raises(ModelError, match="there is no such folder"):
        TorchOptimizer.build(make_ppo, PpoConfig(), with_model("/no/such"))


def test_a_folder_with_torn_weights_is_named(llama: Path, tmp_path: Path, with_model: Any) -> None:
    torn = copy(llama, tmp_path / "torn")
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="its model cannot be loaded"):
        TransformersPolicy.build(TransformersConfig(), with_model(torn))


def test_a_folder_that_lacks_weights_is_named(llama: Path, tmp_path: Path, with_model: Any) -> None:
    lacking = copy(llama, tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, lacking / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights are missing, the first is 'model\.norm\.weight'"):
        TransformersPolicy.build(TransformersConfig(), with_model(lacking))


def test_a_tokenizer_without_a_chat_template_is_refused(llama: Path, tmp_path: Path, with_model: Any) -> None:
    bare = copy(llama, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=r"no chat template.*instruct variant"):
        TransformersPolicy.build(TransformersConfig(), with_model(bare))


def test_dtypes_are_float32_on_the_cpu_unless_one_is_named() -> None:
    assert choose_dtype("auto", torch.device("cpu")) is torch.float32
    assert choose_dtype("auto", torch.device("cuda:0")) == "auto"
    assert choose_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16
    with pytest.raises(ModelError, match=r"model\.dtype is 'int8', expected auto or one of"):
        choose_dtype("int8", torch.device("cpu"))


def test_dropout_is_off_in_training_mode_too(make_model: Any) -> None:
    folder = make_model(GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, n_positions=64, attn_pdrop=0.5, resid_pdrop=0.5))
    assert json.loads((folder / "config.json").read_text())["resid_pdrop"] == 0.5
    model = load_model(str(folder), torch.float32, torch.device("cpu")).train()
    ids = torch.arange(10).unsqueeze(0)
    assert torch.equal(model(ids).logits, model(ids).logits)
