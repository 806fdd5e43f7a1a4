"""A model that cannot be used is refused with what was found and what to do; what needs no weights is read from its folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import GenerationConfig, LlamaConfig

from rlef_core import ChatTemplateError, ModelSpec
from rlef_models.model import ModelError, chat_tokenizer, context_length, end_ids, load_tokenizer, resolve

Changed = Callable[..., Path]


def test_a_folder_is_its_own_path(written: Path) -> None:
    assert resolve(ModelSpec(str(written))) == str(written)


def test_a_home_is_filled_in(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(written.parent))
    assert resolve(ModelSpec(f"~/{written.name}")) == str(written)


def test_a_missing_folder_is_named_with_where_it_was_looked_for() -> None:
    with pytest.raises(ModelError, match=r"model.path './no/such': there is no such folder \(/.*no/such\); give"):
        resolve(ModelSpec("./no/such"))


def test_a_name_with_a_colon_is_neither_folder_nor_hub_name() -> None:
    with pytest.raises(ModelError, match=r"model.path 'tiny:poems': there is no such folder .*; give a model's folder or a hub name"):
        resolve(ModelSpec("tiny:poems"))


def test_a_hub_name_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"'nobody/nothing' is no folder here, and its model cannot be had from the hub.*download"):
        resolve(ModelSpec("nobody/nothing"))


def test_a_file_is_no_folder(written: Path) -> None:
    with pytest.raises(ModelError, match="is a file, expected the folder"):
        resolve(ModelSpec(str(written / "config.json")))


def test_a_spec_without_a_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no model: block"):
        resolve(None)


def test_a_folder_without_a_config_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        resolve(ModelSpec(str(tmp_path)))


def test_a_folder_without_a_tokenizer_is_named(changed: Changed) -> None:
    with pytest.raises(ModelError, match="tokenizer"):
        load_tokenizer(str(changed("tokenizer*", "chat_template*")))


def test_a_tokenizer_without_a_chat_template_is_refused(changed: Changed) -> None:
    bare = str(changed("chat_template.jinja"))
    with pytest.raises(ModelError, match=r"no chat template.*instruct variant"):
        chat_tokenizer(bare, ModelSpec(bare))


def test_a_template_that_drops_earlier_text_is_refused(changed: Changed) -> None:
    forgetful = changed()
    (forgetful / "chat_template.jinja").write_text("{% for m in messages[-1:] %}<|start|>{{ m.content }}<|end|>{% endfor %}")
    with pytest.raises(ChatTemplateError):
        chat_tokenizer(str(forgetful), ModelSpec(str(forgetful)))


def test_a_conversation_is_no_longer_than_the_model_was_built_for(written: Path) -> None:
    assert (context_length(str(written), 100), context_length(str(written), 100_000)) == (100, 512)


def test_a_config_that_cannot_be_read_is_named(changed: Changed) -> None:
    torn = changed()
    (torn / "config.json").write_text("{")
    with pytest.raises(ModelError, match="its config cannot be loaded"):
        context_length(str(torn), 100)


def test_the_ends_are_those_of_the_generation_settings(changed: Changed) -> None:
    folder = changed()
    GenerationConfig(eos_token_id=[3, 5]).save_pretrained(folder)
    assert end_ids(str(folder)) == [3, 5]
    GenerationConfig(eos_token_id=7).save_pretrained(folder)
    assert end_ids(str(folder)) == [7]
    assert 7 in chat_tokenizer(str(folder), ModelSpec(str(folder))).end_of_turn


def test_without_generation_settings_the_ends_are_those_of_the_config(changed: Changed) -> None:
    folder = changed()
    assert end_ids(str(folder)) == []
    LlamaConfig(vocab_size=300, eos_token_id=[2, 9]).save_pretrained(folder)
    assert end_ids(str(folder)) == [2, 9]
