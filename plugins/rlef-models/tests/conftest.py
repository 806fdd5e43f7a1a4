"""Write what needs no weights of a model: a config, the generation's settings, a tokenizer with a chat template."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import LlamaConfig

from rlef_models.testing import write_tokenizer


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    LlamaConfig(vocab_size=300, max_position_embeddings=512, eos_token_id=None).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.fixture
def changed(written: Path, tmp_path: Path) -> Callable[..., Path]:
    """`changed("a.json")` is a copy of the folder without file `a.json`."""

    def copy(*left_out: str) -> Path:
        return Path(shutil.copytree(written, tmp_path / "changed", ignore=shutil.ignore_patterns(*left_out)))

    return copy
