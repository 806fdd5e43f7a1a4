"""Find the model that a spec names, and read from it what needs no weights: its tokenizer, its ends, its context length."""

import re
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, try_to_load_from_cache
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, PretrainedConfig, PreTrainedTokenizerFast

from rlef_core import ExitCode, ModelSpec, RlefError, check_template
from rlef_models.tokenizer import HfTokenizer

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class ModelError(RlefError):
    """`model.path` names no usable model; the message says what was found and what to do."""

    exit_code = ExitCode.SPEC


def resolve(model: ModelSpec | None) -> str:
    """Return the folder or hub name to load. Raises ModelError where `path` can be neither."""
    if model is None:
        raise ModelError("the spec has no model: block, expected model: {path: ...} with a folder, a hub name or a name that is made")
    path = model.path
    folder = Path(path).expanduser()
    if folder.is_file():
        raise ModelError(f"model.path {path!r} is a file, expected the folder that it lies in")
    if not folder.is_dir():
        if not _HUB_NAME.fullmatch(path) or path in (".", ".."):
            raise ModelError(f"model.path {path!r}: there is no such folder ({folder.absolute()}); give a model's folder or a hub name")
        _ask_hub(path)
        return path
    if not (folder / "config.json").is_file():
        raise ModelError(f"model.path {path!r}: the folder holds no config.json; give a folder as written by save_pretrained")
    return str(folder)


def load_tokenizer(path: str) -> PreTrainedTokenizerFast:
    """Return the tokenizer of a resolved path. Raises ModelError when there is none, or one that no fast tokenizer stands behind."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unloadable(path, "tokenizer", error) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(
            f"model.path {path!r}: {type(tokenizer).__name__} is no fast tokenizer, which is needed to keep control tokens out of "
            "problem text; convert it to a tokenizer.json, for example with AutoTokenizer.from_pretrained(...).save_pretrained"
        )
    return tokenizer


def chat_tokenizer(path: str, model: ModelSpec) -> HfTokenizer:
    """Return the tokenizer for conversations. Raises ModelError without a chat template, ChatTemplateError where it misleads."""
    tokenizer = load_tokenizer(path)
    if not tokenizer.chat_template:
        raise ModelError(
            f"model.path {path!r}: its tokenizer has no chat template, expected one to lay out turns; use the model's instruct variant, or "
            "put a chat_template.jinja into a copy of the folder"
        )
    chat = HfTokenizer(tokenizer, model.template, end_ids(path))
    check_template(chat)
    return chat


def end_ids(path: str) -> list[int]:
    """Return the end-of-sequence ids that the model's own settings name. Raises ModelError where they cannot be read."""
    try:
        settings = GenerationConfig.from_pretrained(path)
    except OSError:  # a model need not have these; its config then says what there is
        settings = GenerationConfig.from_model_config(load_config(path))
    ids: Any = settings.eos_token_id
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def context_length(path: str, longest: int) -> int:
    """Return how many tokens a conversation may have: `longest`, or less where the model was built for less. Raises ModelError."""
    built_for: Any = getattr(load_config(path).get_text_config(), "max_position_embeddings", None)
    return min(longest, built_for) if built_for else longest


def load_config(path: str) -> PretrainedConfig:
    """Return the config of a resolved path. Raises ModelError where there is none that can be used."""
    try:
        return AutoConfig.from_pretrained(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unloadable(path, "config", error) from error


def unloadable(path: str, what: str, error: Exception) -> ModelError:
    """Return the error which says that a resolved path's `what` (its model, its tokenizer) cannot be loaded, and why."""
    reason = " ".join(str(error).split())[:300]
    if Path(path).is_dir():
        return ModelError(f"model.path {path!r}: its {what} cannot be loaded ({reason}); give a folder as written by save_pretrained")
    return ModelError(
        f"model.path {path!r} is no folder here, and its {what} cannot be had from the hub ({reason}); check the name and the network, "
        "or download the model and give its folder"
    )


def _ask_hub(name: str) -> None:
    # One question before the loaders ask theirs, which they repeat for a minute where there is no network.
    if isinstance(try_to_load_from_cache(name, "config.json"), str):
        return
    try:
        HfApi().model_info(name, timeout=10)
    except Exception as error:  # whatever it is, of several libraries and versions: the hub does not give the model
        raise unloadable(name, "model", error) from error
