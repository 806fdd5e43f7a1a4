"""Make a tiny base model for taskset `tiny-programs` out of nothing, in about a minute, without a hub."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from rlef_core import FeedbackFormatter, Taskset
from rlef_core.builtin.feedback.failing_cases import FailingCases, FailingCasesConfig
from rlef_core.builtin.tiny_programs import TinyPrograms
from rlef_torch.tiny.dialogues import SKILLED, WEAK, Author
from rlef_torch.tiny.tokens import layout, train_tokenizer
from rlef_torch.tiny.training import Progress, Recipe, new_model, train

__all__ = ["Recipe", "tiny_base"]

_EDITION = 1
"""Raised when the code makes another model of the same ingredients."""
_TOKENIZER_DIALOGUES = 3000


def tiny_base(
    cache: Path,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
    *,
    taskset: Taskset | None = None,
    formatter: FeedbackFormatter | None = None,
    recipe: Recipe | None = None,
) -> Path:
    """Return the folder of the base model in `cache`, as save_pretrained writes it; makes it first where it is missing.

    The dialogues are about the `base` split of `taskset` in the words of `formatter` (the built-in ones unless given). What is made
    follows from these, `seed` and `recipe`, and so does the folder's name. The folder appears whole or not at all; a second process
    waits for the first.
    """
    recipe = recipe or Recipe()
    author = Author(taskset or TinyPrograms(), formatter or FailingCases(FailingCasesConfig()))
    folder = cache / f"tiny-programs-{_key(author, recipe, seed)}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_suffix(".lock")):
            if not folder.is_dir():
                _make_aside(folder, author, recipe, seed, progress)
    return folder


def _make_aside(folder: Path, author: Author, recipe: Recipe, seed: int, progress: Progress) -> None:
    aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        _make(aside, author, recipe, seed, progress)
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _make(folder: Path, author: Author, recipe: Recipe, seed: int, progress: Progress) -> None:
    random = Random(seed)
    total = recipe.steps * recipe.batch
    skilled = int(recipe.steps * recipe.skilled) * recipe.batch
    dialogues = [author.dialogue(random, SKILLED if index < skilled else WEAK) for index in range(total)]
    tokenizer = train_tokenizer(dialogues[-_TOKENIZER_DIALOGUES:], recipe.vocabulary)
    lay_out = layout(tokenizer)
    model = new_model(recipe, len(tokenizer), tokenizer.pad_token_id, tokenizer.eos_token_id, seed)
    train(model, [lay_out(dialogue) for dialogue in dialogues], recipe, random, progress)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _key(author: Author, recipe: Recipe, seed: int) -> str:
    ingredients = (_EDITION, recipe, SKILLED, WEAK, seed, [(message.role, message.content) for message in author.sample()])
    return hashlib.sha256(repr(ingredients).encode()).hexdigest()[:16]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
