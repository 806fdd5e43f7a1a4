"""A tiny random Llama, and a context to build the optimizer in."""

from pathlib import Path

import pytest

from rlef_core import ModelSpec
from rlef_core.testing import BuildContext
from rlef_models.testing import llama_config, write_model


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llama"), llama_config())


@pytest.fixture
def context(llama: Path, tmp_path: Path) -> BuildContext:
    return BuildContext(tmp_path, ModelSpec(str(llama), max_length=256))
