"""Find and load a model: a folder, a hub name, or a name that is made on first use."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi, try_to_load_from_cache
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from rlef_core import Context, ExitCode, ModelSpec, RlefError, check_template
from rlef_torch.tiny import tiny_base
from rlef_torch.tokenizer import HfTokenizer

log = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
MADE = ("tiny:programs",)
"""Names for `model.path` of models that are made on first use."""

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class ModelError(RlefError):
    """`model.path` names no usable model; the message says what was found and what to do."""

    exit_code = ExitCode.SPEC


def resolve(model: ModelSpec | None, cache: Path | None = None) -> str:
    """Return the folder or hub name to load; makes the model in `cache` (the user's, unless given) if `path` is one that is made.

    Raises ModelError where it can be neither.
    """
    if model is None:
        raise ModelError("the spec has no model: block, expected model: {path: ...} with a folder, a hub name or one of " + str([*MADE]))
    path = model.path
    if path in MADE:
        return str(tiny_base(cache or _user_cache(), model.seed, _report))
    if ":" in path:
        raise ModelError(f"model.path {path!r} is no model that can be made, expected one of {[*MADE]}, a folder or a hub name")
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


def _ask_hub(name: str) -> None:
    # One question before the loaders ask theirs, which they repeat for a minute where there is no network.
    if isinstance(try_to_load_from_cache(name, "config.json"), str):
        return
    try:
        HfApi().model_info(name, timeout=10)
    except Exception as error:  # whatever it is, of several libraries and versions: the hub does not give the model
        raise _unloadable(name, "model", error) from error


def load_tokenizer(path: str) -> PreTrainedTokenizerFast:
    """Return the tokenizer of a resolved path. Raises ModelError when there is none, or one that no fast tokenizer stands behind."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _unloadable(path, "tokenizer", error) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(
            f"model.path {path!r}: {type(tokenizer).__name__} is no fast tokenizer, which is needed to keep control tokens out of "
            "problem text; convert it to a tokenizer.json, for example with AutoTokenizer.from_pretrained(...).save_pretrained"
        )
    return tokenizer


def chat_tokenizer(path: str, model: ModelSpec, ends: Sequence[int]) -> HfTokenizer:
    """Return the tokenizer for conversations. Raises ModelError without a chat template, ChatTemplateError where it misleads."""
    tokenizer = load_tokenizer(path)
    if not tokenizer.chat_template:
        raise ModelError(
            f"model.path {path!r}: its tokenizer has no chat template, expected one to lay out turns; use the model's instruct variant, or "
            "put a chat_template.jinja into a copy of the folder"
        )
    chat = HfTokenizer(tokenizer, model.template, ends)
    check_template(chat)
    return chat


def open_chat_model(context: Context) -> tuple[PreTrainedModel, HfTokenizer, int]:
    """Return a context's model to sample from, its tokenizer for conversations, and how many tokens a conversation may have.

    Raises ModelError or ChatTemplateError when they cannot be used.
    """
    path = resolve(context.model)
    assert context.model is not None  # resolve() has refused it
    device = choose_device(context.devices)
    model = load_model(path, choose_dtype(context.model.dtype, device), device)
    return model, chat_tokenizer(path, context.model, end_ids(model)), context_length(model, context.model.max_length)


def load_model(path: str, dtype: torch.dtype | str, device: torch.device) -> PreTrainedModel:
    """Return the causal LM of a resolved path in evaluation mode, without dropout. Raises ModelError when it cannot be loaded."""
    try:
        with quietly():
            model, report = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, output_loading_info=True)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise _unloadable(path, "model", error) from error
    if report["missing_keys"]:  # transformers would go on with random numbers in their place
        names = sorted(report["missing_keys"])
        raise ModelError(f"model.path {path!r}: {len(names)} weights are missing, the first is {names[0]!r}; give a causal language model")
    if getattr(model.config.get_text_config(), "attn_logit_softcapping", None):
        model.set_attn_implementation("eager")  # the fused kernel leaves the cap out
    return without_dropout(model).to(device).eval()


def without_dropout(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with every dropout off in training mode too: ratios compare probabilities, so none may be random."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


def checkpoint_activations(model: PreTrainedModel) -> None:
    """Let a model compute its activations twice, to hold fewer of them."""
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()  # transformers checkpoints in training mode only; dropout is off all the same


def choose_device(devices: Sequence[str]) -> torch.device:
    """Return the first of the devices given; without any, the first CUDA device, else the CPU."""
    if devices:
        return torch.device(devices[0])
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def choose_dtype(name: str, device: torch.device) -> torch.dtype | str:
    """Return the dtype for the policy's weights: `auto` is the checkpoint's own on CUDA and float32 on the CPU. Raises ModelError."""
    if name == "auto":
        return "auto" if device.type == "cuda" else torch.float32
    if name not in DTYPES:
        raise ModelError(f"model.dtype is {name!r}, expected auto or one of {[*DTYPES]}")
    return DTYPES[name]


def end_ids(model: PreTrainedModel) -> list[int]:
    """Return the end-of-sequence ids that the model's own settings name."""
    ids: Any = getattr(model.generation_config, "eos_token_id", None)
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def context_length(model: PreTrainedModel, longest: int) -> int:
    """Return how many tokens a conversation may have: `longest`, or less where the model was built for less."""
    built_for: Any = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return min(longest, built_for) if built_for else longest


@contextmanager
def quietly() -> Iterator[None]:
    """Keep transformers from drawing its bars across the run's own progress."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _unloadable(path: str, what: str, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:300]
    if Path(path).is_dir():
        return ModelError(f"model.path {path!r}: its {what} cannot be loaded ({reason}); give a folder as written by save_pretrained")
    return ModelError(
        f"model.path {path!r} is no folder here, and its {what} cannot be had from the hub ({reason}); check the name and the network, "
        "or download the model and give its folder"
    )


def _report(done: int, total: int) -> None:
    # about ten lines; a minute's silence at the start of a first run looks like a fault
    if done * 10 // total != (done - 1) * 10 // total:
        log.info("making the base model, once: %d %%", 100 * done // total)


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlef-core"
