"""Write a tiny random Llama with its own tokenizer, and make a context to build components in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from rlef_core import ModelSpec
from rlef_core.testing import BuildContext
from rlef_models.testing import llama_config, write_model

LLAMA = llama_config()


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llama"), LLAMA)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return lambda config=LLAMA, seed=0: write_model(tmp_path_factory.mktemp("model"), config, seed)


@pytest.fixture
def context(llama: Path, tmp_path: Path) -> BuildContext:
    return BuildContext(tmp_path, ModelSpec(str(llama), max_length=256), devices=("cpu",))


@pytest.fixture
def with_model(context: BuildContext) -> Callable[..., BuildContext]:
    def change(path: Path | str, **settings: Any) -> BuildContext:
        assert context.model is not None
        return evolve(context, model=evolve(context.model, path=str(path), **settings))

    return change
