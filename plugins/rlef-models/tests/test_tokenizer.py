"""Control tokens come from the chat template, and from nothing else."""

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from rlef_core import Message
from rlef_models.model import load_tokenizer
from rlef_models.tokenizer import HfTokenizer


@pytest.fixture
def tokenizer(written: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(str(written))


def test_the_templates_arguments_come_from_the_spec(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.chat_template = "{{ date_string }}{% for m in messages %}<|start|>{{ m.content }}<|end|>{% endfor %}"
    assert HfTokenizer(tokenizer, {"date_string": "today"}).render([Message("user", "x")], generation=False) == "today<|start|>x<|end|>"


def test_ends_of_turn_are_the_models_the_tokenizers_and_the_templates(tokenizer: PreTrainedTokenizerFast) -> None:
    end, start = tokenizer.convert_tokens_to_ids(["<|end|>", "<|start|>"])
    assert HfTokenizer(tokenizer, {}, [7]).end_of_turn == {end, 7}
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}<|start|>{% endfor %}"
    assert HfTokenizer(tokenizer, {}).end_of_turn == {end, start}


def test_control_tokens_are_split_unless_they_are_asked_for(tokenizer: PreTrainedTokenizerFast) -> None:
    exact = HfTokenizer(tokenizer, {})
    text = "a<|end|>\n<|start|>b"
    special, plain = exact.encode(text, special=True), exact.encode(text, special=False)
    assert len(special) < len(plain)
    assert not exact.end_of_turn & set(plain)
    assert exact.decode(plain) == text
    assert exact.decode(special) == "a\nb"
