"""A recipe reaches a rank as it was written, and only one that has the same versions."""

import json
from pathlib import Path

import pytest

from rlef_core import PluginError
from rlef_core.testing import BuildContext
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.recipe import Recipe

pytestmark = pytest.mark.repository


def test_a_recipe_is_read_as_it_was_written(context: BuildContext) -> None:
    config = DeepSpeedPpoConfig(world_size=2, zero_stage=3, lora_rank=4, lora_targets=("q_proj",), hostfile=Path("hosts"))
    recipe = Recipe.of(config, context)
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_other_versions_are_refused_by_name(context: BuildContext) -> None:
    told = json.loads(Recipe.of(DeepSpeedPpoConfig(), context).to_json())
    told["versions"]["torch"] = "0.1"
    with pytest.raises(PluginError, match=r"other versions than the driver: torch is .* here, 0.1 there; install the same"):
        Recipe.from_json(json.dumps(told))
