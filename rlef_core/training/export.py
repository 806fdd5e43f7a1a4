"""Write the model folder that an optimizer saved in a checkpoint, with a model card, where others can take it."""

import os
import shutil
from pathlib import Path

from rlef_core.errors import CheckpointError, Origin, UsageError
from rlef_core.training.card import card
from rlef_core.training.checkpoints import sync_all
from rlef_core.training.trained import Trained

CARD = "README.md"


def write_export(trained: Trained, exports: str, origin: Origin, to: Path | None = None) -> Path:
    """Copy the folder `exports` of what the optimizer saved to `to`, with the card; `export-UPDATES` in the run's directory unless given.

    Returns the folder; there is never half of it. Raises UsageError where `to` holds something, CheckpointError where the checkpoint lacks
    the folder, its run removes it meanwhile, or the disk fails.
    """
    target = Path(os.path.abspath(to or trained.directory / f"export-{trained.state.updates}"))  # noqa: PTH100  # resolve() follows links
    _refuse_what_is_there(target)
    source = trained.folder / "optimizer" / exports
    if not source.is_dir():
        raise CheckpointError(
            f"{origin} has saved no folder {exports!r} in checkpoint {str(trained.folder)!r}, expected the one it exports"
        )
    partial = target.with_name(f".{target.name}.partial")
    try:
        _fill(partial, source, card(trained))
        partial.rename(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if not source.exists():
            gone = f"checkpoint {str(trained.folder)!r} was removed while it was copied, for its run goes on"
            raise CheckpointError(f"{gone}: export again, or let the run keep more (training.keep_checkpoints)") from error
        raise CheckpointError(f"cannot export to {str(target)!r}: {error}; make room or choose another folder by --to") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def _refuse_what_is_there(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(f"{str(target)!r} is a file, expected a folder that is empty or not there (--to)")
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"the folder {str(target)!r} is not empty: remove it, or choose another by --to")


def _fill(partial: Path, source: Path, text: str) -> None:
    if partial.exists():  # an export was killed
        shutil.rmtree(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, partial)
    (partial / CARD).write_text(text, encoding="utf-8")
    sync_all(partial)
