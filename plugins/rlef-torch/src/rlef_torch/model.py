"""Load a causal language model on a device, to sample from or to train."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from rlef_core import Context
from rlef_models.model import ModelError, chat_tokenizer, context_length, resolve, unloadable
from rlef_models.tokenizer import HfTokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def open_chat_model(context: Context) -> tuple[PreTrainedModel, HfTokenizer, int]:
    """Return a context's model to sample from, its tokenizer for conversations, and how many tokens a conversation may have.

    Raises ModelError or ChatTemplateError when they cannot be used.
    """
    path = resolve(context.model)
    assert context.model is not None  # resolve() has refused it
    device = choose_device(context.devices)
    model = load_model(path, choose_dtype(context.model.dtype, device), device)
    return model, chat_tokenizer(path, context.model), context_length(path, context.model.max_length)


def load_model(path: str, dtype: torch.dtype | str, device: torch.device) -> PreTrainedModel:
    """Return the causal LM of a resolved path in evaluation mode, without dropout. Raises ModelError when it cannot be loaded."""
    try:
        with quietly():
            model, report = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, output_loading_info=True)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise unloadable(path, "model", error) from error
    if report["missing_keys"]:  # transformers would go on with random numbers in their place
        names = sorted(report["missing_keys"])
        raise ModelError(f"model.path {path!r}: {len(names)} weights are missing, the first is {names[0]!r}; give a causal language model")
    return without_dropout(choose_attention(model)).to(device).eval()


def choose_attention(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model, with its own attention in place of a fused kernel that would leave something out."""
    if getattr(model.config.get_text_config(), "attn_logit_softcapping", None):
        model.set_attn_implementation("eager")  # the fused kernel leaves the cap out
    return model


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
