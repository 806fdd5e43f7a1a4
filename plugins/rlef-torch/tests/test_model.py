"""A model that cannot be used is refused with what was found and what to do."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, GPT2Config

from rlef_core import ChatTemplateError, Message, ModelSpec
from rlef_models.model import ModelError
from rlef_models.tokenizer import HfTokenizer
from rlef_torch.config import TransformersConfig
from rlef_torch.families import PpoConfig
from rlef_torch.model import choose_dtype, context_length, load_model, resolve
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy
from rlef_torch.ppo import make_ppo


def copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


def test_a_missing_folder_is_named_with_where_it_was_looked_for(context: Any, with_model: Any) -> None:
    with pytest.raises(ModelError, match=r"model.path './no/such': there is no such folder \(/.*no/such\); give"):
        TransformersPolicy.build(TransformersConfig(), with_model("./no/such"))
    with pytest.raises(ModelError, match="there is no such folder"):
        TorchOptimizer.build(make_ppo, PpoConfig(), with_model("/no/such"))


def test_a_hub_name_without_a_network_says_what_to_do(with_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"'nobody/nothing' is no folder here, and its model cannot be had from the hub.*download"):
        TransformersPolicy.build(TransformersConfig(), with_model("nobody/nothing"))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="is a file, expected the folder"):
        resolve(ModelSpec(str(tmp_path / "config.json")))


def test_a_spec_without_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no model: block"):
        resolve(None)


def test_a_folder_without_a_config_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        resolve(ModelSpec(str(tmp_path)))


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


def test_a_folder_without_a_tokenizer_is_named(llama: Path, tmp_path: Path, with_model: Any) -> None:
    bare = copy(llama, tmp_path / "bare")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (bare / name).unlink()
    with pytest.raises(ModelError, match="tokenizer"):
        TransformersPolicy.build(TransformersConfig(), with_model(bare))


def test_a_tokenizer_without_a_chat_template_is_refused(llama: Path, tmp_path: Path, with_model: Any) -> None:
    bare = copy(llama, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=r"no chat template.*instruct variant"):
        TransformersPolicy.build(TransformersConfig(), with_model(bare))


def test_a_template_that_drops_earlier_text_is_refused(llama: Path, tmp_path: Path, with_model: Any) -> None:
    forgetful = copy(llama, tmp_path / "forgetful")
    (forgetful / "chat_template.jinja").write_text("{% for m in messages[-1:] %}<|start|>{{ m.content }}<|end|>{% endfor %}")
    with pytest.raises(ChatTemplateError):
        TransformersPolicy.build(TransformersConfig(), with_model(forgetful))


def test_the_templates_arguments_come_from_the_spec(llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.chat_template = "{{ date_string }}{% for m in messages %}<|start|>{{ m.content }}<|end|>{% endfor %}"
    assert HfTokenizer(tokenizer, {"date_string": "today"}).render([Message("user", "x")], generation=False) == "today<|start|>x<|end|>"


def test_ends_of_turn_are_the_models_the_tokenizers_and_the_templates(llama: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    end, start = tokenizer.convert_tokens_to_ids(["<|end|>", "<|start|>"])
    assert HfTokenizer(tokenizer, {}, [7]).end_of_turn == {end, 7}
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}<|start|>{% endfor %}"
    assert HfTokenizer(tokenizer, {}).end_of_turn == {end, start}


def test_control_tokens_are_split_unless_they_are_asked_for(llama: Path) -> None:
    tokenizer = HfTokenizer(AutoTokenizer.from_pretrained(llama), {})
    text = "a<|end|>\n<|start|>b"
    special = tokenizer.encode(text, special=True)
    plain = tokenizer.encode(text, special=False)
    assert len(special) < len(plain)
    assert not tokenizer.end_of_turn & set(plain)
    assert tokenizer.decode(plain) == text
    assert tokenizer.decode(special) == "a\nb"


def test_dtypes_are_float32_on_the_cpu_unless_one_is_named() -> None:
    assert choose_dtype("auto", torch.device("cpu")) is torch.float32
    assert choose_dtype("auto", torch.device("cuda:0")) == "auto"
    assert choose_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16
    with pytest.raises(ModelError, match=r"model\.dtype is 'int8', expected auto or one of"):
        choose_dtype("int8", torch.device("cpu"))


def test_a_conversation_is_no_longer_than_the_model_was_built_for(llama: Path) -> None:
    assert (context_length(str(llama), 100), context_length(str(llama), 100_000)) == (100, 512)


def test_dropout_is_off_in_training_mode_too(make_model: Any) -> None:
    folder = make_model(GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, n_positions=64, attn_pdrop=0.5, resid_pdrop=0.5))
    assert json.loads((folder / "config.json").read_text())["resid_pdrop"] == 0.5
    model = load_model(str(folder), torch.float32, torch.device("cpu")).train()
    ids = torch.arange(10).unsqueeze(0)
    assert torch.equal(model(ids).logits, model(ids).logits)
