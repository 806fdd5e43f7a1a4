"""Learn small matrices beside a model's layers in place of its weights (LoRA, arXiv 2106.09685), and switch them off."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from attrs import frozen
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlef_core import PluginError
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_torch.actor import LogProbs
from rlef_torch.batch import Batch


def adapt(model: PreTrainedModel, config: DeepSpeedPpoConfig, seed: int) -> None:
    """Freeze the model's weights and put adapters beside its linear layers, drawn from `seed`; they add nothing yet.

    Raises PluginError where `lora_targets` names no layer, or one whose adapters would not be learnt.
    """
    assert config.lora_rank is not None  # adapters were asked for
    targets = list(config.lora_targets) or "all-linear"
    settings = LoraConfig(r=config.lora_rank, lora_alpha=config.lora_alpha, lora_dropout=0.0, target_modules=targets)
    with torch.random.fork_rng(devices=[model.device] if model.device.type == "cuda" else []):
        torch.manual_seed(seed)
        try:
            inject_adapter_in_model(settings, model)
        except ValueError as error:
            raise PluginError(f"optimizer.lora_targets {targets!r}: {error}; name linear layers, such as 'q_proj'") from error
    for name, layer in model.named_modules():
        # forward passes read the output layer's weight and never call it
        if isinstance(layer, BaseTunerLayer) and (layer is model.get_output_embeddings() or not isinstance(layer, Linear)):
            raise PluginError(
                f"optimizer.lora_targets {targets!r} gives {name!r} adapters, expected linear layers, without the output layer; "
                "name such, for example 'q_proj'"
            )


@frozen(eq=False)
class WithoutAdapters:
    """A forward pass of a model as it was before it learnt."""

    model: nn.Module
    forward: LogProbs

    def __call__(self, batch: Batch, temperature: float, *, entropy: bool = False) -> tuple[Tensor, Tensor | None]:
        with _switched_off(self.model):
            return self.forward(batch, temperature, entropy=entropy)


@contextmanager
def _switched_off(model: nn.Module) -> Iterator[None]:
    layers = [layer for layer in model.modules() if isinstance(layer, BaseTunerLayer)]
    for layer in layers:
        layer._disable_adapters = True  # peft's own switch freezes the adapters too, which engines do not expect
    try:
        yield
    finally:
        for layer in layers:
            layer._disable_adapters = False
