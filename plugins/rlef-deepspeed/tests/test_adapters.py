"""Only layers whose adapters are learnt get any."""

from pathlib import Path

import pytest
import torch

from rlef_core import PluginError
from rlef_deepspeed.adapters import adapt
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_torch.model import load_model


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (("q_proj", "lm_head"), r"gives 'lm_head' adapters, expected linear layers, without the output layer"),
        (("q_proj", "embed_tokens"), r"gives 'model.embed_tokens' adapters, expected linear layers"),
        (("pigeon",), r"name linear layers, such as 'q_proj'"),
    ],
)
def test_a_target_that_would_learn_nothing_is_refused(targets: tuple[str, ...], told: str, llama: Path) -> None:
    model = load_model(str(llama), torch.float32, torch.device("cpu"))
    with pytest.raises(PluginError, match=told):
        adapt(model, DeepSpeedPpoConfig(lora_rank=2, lora_targets=targets), seed=1)
