"""Load a model that no rank holds whole: it is made in parts, and rank 0 reads one weight after another for all."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from deepspeed.runtime.zero import GatheredParameters, Init
from deepspeed.runtime.zero.partition_parameters import DeepSpeedTensorOverride
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from rlef_deepspeed.whole import shape_of
from rlef_models.model import load_config, unloadable
from rlef_torch.files import Stored
from rlef_torch.model import choose_attention, without_dropout
from rlef_torch.team import Team

FEW = 64
"""Words of the small model that shows what the output layer does."""


def load_parted(path: str, dtype: torch.dtype, settings: Mapping[str, Any], team: Team) -> PreTrainedModel | None:
    """Return the causal LM of a resolved path, in parts as an engine of such settings keeps it.

    None where its files name weights in another way than the model does, so that it must be loaded whole. Raises ModelError where they
    cannot be read.
    """
    stored, reason = team.everyones(_stored(path) if team.rank == 0 else (None, ""))[0]
    if stored is None:
        raise unloadable(path, "model", OSError(reason))
    # transformers knows which tensors are made in which dtype, so DeepSpeed only says where
    where = [DeepSpeedTensorOverride.device]
    with Init(config_dict_or_path=dict(settings), mem_efficient_linear=False, tensor_overrides=where), no_init_weights():
        model: PreTrainedModel = AutoModelForCausalLM.from_config(load_config(path), dtype=dtype)
    model.tie_weights()
    shapes = {name: shape_of(each) for name, each in model.named_parameters()}
    if shapes != {name: stored.shapes.get(name) for name in shapes}:
        return None
    for name, parameter in model.named_parameters():
        with torch.no_grad(), GatheredParameters([parameter], modifier_rank=0):
            if team.rank == 0:
                parameter.copy_(stored[name])
    return without_dropout(choose_attention(model)).eval()


def small(path: str) -> PreTrainedModel | None:
    """Return a model of the same kind without layers and with few words; None where there can be none."""
    config: PretrainedConfig = copy.deepcopy(load_config(path))
    text: Any = config.get_text_config()
    text.num_hidden_layers, text.vocab_size, text.pad_token_id = 0, FEW, None
    if getattr(text, "layer_types", None):
        text.layer_types = []
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    except Exception:  # whatever a model's own code makes of no layers
        return None
    return without_dropout(choose_attention(model)).eval()


def _stored(path: str) -> tuple[Stored | None, str]:
    try:
        folder = Path(path) if Path(path).is_dir() else Path(snapshot_download(path, allow_patterns=["*.safetensors"]))
        return Stored(sorted(folder.glob("*.safetensors"))), ""
    except (OSError, SafetensorError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"
