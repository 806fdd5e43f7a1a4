"""The plugin offers its components without importing torch, and each builds from its example."""

import subprocess
import sys
from typing import Any

from rlef_torch import plugin
from rlef_torch.families import WEIGHT_SCHEMES
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy


def test_loading_the_plugin_imports_no_engine() -> None:
    code = "import sys, rlef_torch.plugin as p; p.rlef_register_policies(); p.rlef_register_optimizers(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "rlef_torch.config" in loaded
    assert not {"torch", "transformers", "numpy", "tokenizers"} & set(loaded)


async def test_every_component_builds_from_its_example_and_speaks_the_scheme_it_offers(context: Any) -> None:
    for each in (*plugin.rlef_register_policies(), *plugin.rlef_register_optimizers()):
        groups = 2 if each.name in ("grpo", "rloo") else 1
        offer = each.offers(each.example())
        schemes = ("memory",) if each.name == "transformers" else WEIGHT_SCHEMES
        assert (offer.weight_schemes, offer.min_episodes_per_task) == (schemes, groups)
        built = each.build(each.example(), context)
        assert isinstance(built, TransformersPolicy | TorchOptimizer)
        await built.close()
