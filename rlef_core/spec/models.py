"""Find the model that a plugin makes on first use, when `model.path` is its name, and have it made."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from rlef_core.errors import PluginError, boundary
from rlef_core.records import ModelSpec
from rlef_core.registry import OfferedModel, Registry
from rlef_core.spec.misfits import Misfit

log = logging.getLogger(__name__)


def model_to_make(model: ModelSpec | None, registry: Registry) -> OfferedModel | None:
    """What makes the model that `path` names; None where it is a folder or a hub name. Raises PluginError for a name that nobody offers.

    A name has a colon and no slash: a folder that is called `a:b` is `./a:b`.
    """
    if model is None or ":" not in model.path or "/" in model.path:
        return None
    return registry.model(model.path)


def unknown_models(parts: Mapping[str, Any], registry: Registry) -> list[Misfit]:
    """A misfit where `model.path` names a model that no plugin makes, or two do."""
    try:
        model_to_make(parts.get("model"), registry)
    except PluginError as error:
        model: ModelSpec = parts["model"]
        return [Misfit(f"{error}; a folder of this name is {f'./{model.path}'!r}", ("model", "path"), plugin=True)]
    return []


def maker(model: ModelSpec | None, registry: Registry) -> Mapping[str, str]:
    """The distribution that makes the model, with its version; none where `path` is a folder or a hub name. Raises PluginError."""
    offered = model_to_make(model, registry)
    return {offered.origin.distribution: offered.origin.version} if offered else {}


def made(model: ModelSpec | None, registry: Registry) -> ModelSpec | None:
    """The model with the folder in place of a name, in the user's cache directory; the model is made first where it is missing.

    Raises PluginError like `model_to_make`, ComponentError when it cannot be made.
    """
    offered = model_to_make(model, registry)
    if model is None or offered is None:
        return model
    with boundary(offered.origin, "make"):
        return evolve(model, path=str(offered.model.make(_user_cache(), model.seed, _report)))


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlef-core"


def _report(done: int, total: int) -> None:
    # about ten lines; a minute's silence at the start of a first run looks like a fault
    if done * 10 // total != (done - 1) * 10 // total:
        log.info("making the base model, once: %d %%", 100 * done // total)
