"""Build a tiny random Llama with its own tokenizer, and a context to build components in."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import Factory, define, evolve
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from rlef_core import Language, ModelSpec

TEMPLATE = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
LLAMA = LlamaConfig(
    vocab_size=300,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
    initializer_range=0.2,
    bos_token_id=None,
    eos_token_id=None,
    tie_word_embeddings=True,
)


@define
class Figures:
    """A metric sink that keeps what it is told."""

    values: dict[str, list[float]] = Factory(dict)

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)


@define
class TestContext:
    """A context as a run would give it."""

    __test__ = False
    directory: Path
    model: ModelSpec | None
    devices: Sequence[str] = ("cpu",)
    threads: int = 1
    sequences_per_update: int = 4
    languages: Mapping[str, Language] = Factory(dict)
    metrics: Figures = Factory(Figures)

    def seed(self, *path: str | int) -> int:
        return int.from_bytes(hashlib.sha256(repr(path).encode()).digest()[:7], "big")

    def span(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def build(self, ref: Any) -> Any:
        raise AssertionError("these components nest none")


def write_tokenizer(folder: Path, chat_template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=290, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(["print the answer of the problem, then try again"] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|end|>", additional_special_tokens=["<|start|>"], clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_model(folder: Path, config: Any = LLAMA, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return lambda config=LLAMA, seed=0: write_model(tmp_path_factory.mktemp("model"), config, seed)


@pytest.fixture
def context(llama: Path, tmp_path: Path) -> TestContext:
    return TestContext(tmp_path, ModelSpec(str(llama), max_length=256))


@pytest.fixture
def with_model(context: TestContext) -> Callable[..., TestContext]:
    def change(path: Path | str, **settings: Any) -> TestContext:
        assert context.model is not None
        return evolve(context, model=evolve(context.model, path=str(path), **settings))

    return change
