"""docs/reference/ is what the code says."""

import importlib.util
from pathlib import Path

import pytest

from rlef_core import hookspecs

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"

pytestmark = pytest.mark.repository


def generated() -> dict[str, str]:
    specification = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return dict(module.pages())


PAGES = generated()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_reference_is_what_the_code_says(page):
    assert (REFERENCE / page).read_text(encoding="utf-8") == PAGES[page], "the code changed: `make docs` writes the reference anew"


def test_the_reference_has_no_page_that_nothing_writes():
    assert sorted(path.name for path in REFERENCE.iterdir()) == sorted(PAGES)


def test_every_hook_is_in_the_reference():
    hooks = [name for name in vars(hookspecs) if name.startswith("rlef_")]
    assert len(hooks) > 10
    assert all(f"\n## {name}\n" in PAGES["hooks.md"] for name in hooks)
