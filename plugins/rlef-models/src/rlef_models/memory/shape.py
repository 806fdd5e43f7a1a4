"""Read a model's shape from its config: exact numbers of parameters, and what a token's keys and values take."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from attrs import field, frozen
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from rlef_core import ModelSpec
from rlef_models.model import ModelError, context_length, load_config, resolve

FEW_LAYERS = 2
"""A model of more layers is followed with this many and with one fewer, and the difference is what each further one adds."""


@frozen(eq=False)
class Shape:
    """A model without weights. `whole` has every parameter on the device `meta`; `longest` is in tokens, what a conversation may have."""

    config: PretrainedConfig
    longest: int
    whole: PreTrainedModel = field(repr=False)

    @property
    def layers(self) -> int:
        found: int = self.config.get_text_config().num_hidden_layers
        return found

    @property
    def parameters(self) -> int:
        """All of them; those that two layers share count once."""
        return count(self.whole)

    @property
    def body(self) -> int:
        """Parameters without the output layer's, but for those that it shares: what a critic's body has."""
        return count(self.whole.base_model)

    @property
    def width(self) -> int:
        """Of the states that the output layer is given."""
        found: int = self.whole.get_output_embeddings().weight.shape[1]
        return found

    @property
    def vocabulary(self) -> int:
        found: int = self.whole.get_output_embeddings().weight.shape[0]
        return found

    def of_layers(self, measure: Callable[[PreTrainedModel], float], dtype: torch.dtype = torch.float32) -> float:
        """Measure fake models of few layers and return what the whole model would give, as far as layers are alike.

        `measure` is called under FakeTensorMode, with a model in evaluation mode.
        """
        if self.layers <= FEW_LAYERS:
            return self._measured(measure, self.layers, dtype)
        fewer, more = (self._measured(measure, layers, dtype) for layers in (FEW_LAYERS - 1, FEW_LAYERS))
        return more + (self.layers - FEW_LAYERS) * (more - fewer)

    @lru_cache(maxsize=16)  # noqa: B019  # shapes are few and live as long as the process
    def token_bytes(self, dtype: torch.dtype) -> int:
        """Bytes of the keys and values of one token; 0 for a model that keeps a running state instead."""
        tokens = 16
        return round(self.of_layers(lambda model: _cached(model, tokens), dtype) / tokens)

    def _measured(self, measure: Callable[[PreTrainedModel], float], layers: int, dtype: torch.dtype) -> float:
        with fake_model(self.config, layers, dtype) as model:
            return measure(model)


def read_shape(model: ModelSpec | None) -> Shape:
    """Return the shape of a spec's model. Raises ModelError where its config cannot be had, which says what would be enough."""
    try:
        path = resolve(model)
        assert model is not None  # resolve() has refused it
        return _read_shape(load_config(path).to_json_string(use_diff=False), path, context_length(path, model.max_length))
    except ModelError as error:
        raise ModelError(f"{error}; its memory needs no more than a folder with its config.json: --set model.path=FOLDER") from error


@contextmanager
def fake_model(config: PretrainedConfig, layers: int, dtype: torch.dtype) -> Iterator[PreTrainedModel]:
    """A model of the first layers of another, on fake tensors; the block's own tensors are fake too."""
    config = copy.deepcopy(config)
    text: Any = config.get_text_config()
    text.num_hidden_layers = layers
    if vars(text).get("layer_types"):  # some configs work it out from the number of layers
        text.layer_types = text.layer_types[:layers]
    with FakeTensorMode():
        yield AutoModelForCausalLM.from_config(config, dtype=dtype).eval()


def count(module: nn.Module) -> int:
    """Return the number of a module's parameters, each counted once."""
    return sum(math.prod(parameter.shape) for parameter in module.parameters())


def policy_dtype(name: str, config: PretrainedConfig, place: str) -> torch.dtype:
    """Return the dtype that `model.dtype` means for a policy on a device: `auto` is the config's own, and float32 on a CPU."""
    if name != "auto":
        found: torch.dtype = getattr(torch, name)
        return found
    own: Any = getattr(config.get_text_config(), "dtype", None)
    return own if isinstance(own, torch.dtype) and not place.endswith("cpu") else torch.float32


@lru_cache(maxsize=16)  # the same one, so that whoever measures it can remember what was measured
def _read_shape(content: str, path: str, longest: int) -> Shape:
    config = load_config(path)
    with torch.device("meta"):
        return Shape(config, longest, AutoModelForCausalLM.from_config(config))


def _cached(model: PreTrainedModel, tokens: int) -> float:
    if model._is_stateful:
        return 0
    with torch.no_grad():
        cache = model(input_ids=torch.zeros(1, tokens, dtype=torch.long), use_cache=True).past_key_values
    return float(sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers))
