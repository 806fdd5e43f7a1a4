"""docs/reference/ is what the code says."""

import importlib.util
from pathlib import Path

import pytest

from rlef_core import hookspecs

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"

pytestmark = pytest.mark.repository


@pytest.fixture(scope="module")
def generated():
    specification = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("page", sorted(path.name for path in REFERENCE.glob("*")))
def test_a_page_of_the_reference_is_what_the_code_says(page, generated):
    assert (REFERENCE / page).read_text(encoding="utf-8") == generated[page], "the code changed: `make docs` writes the reference anew"


def test_every_generated_page_is_there(generated):
    assert sorted(path.name for path in REFERENCE.iterdir()) == sorted(generated)


def test_every_hook_is_in_the_reference(generated):
    hooks = [name for name in vars(hookspecs) if name.startswith("rlef_")]
    assert len(hooks) > 10
    assert all(f"\n## {name}\n" in generated["hooks.md"] for name in hooks)
