"""The optimizer keeps what rlef-core's conformance kit asks of every optimizer, on one rank."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from attrs import evolve
from transformers import AutoModelForCausalLM

from rlef_core import Weights
from rlef_core.testing import BuildContext, OptimizerSubject, OptimizerSuite
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.optimizer import DeepSpeedOptimizer

pytestmark = pytest.mark.repository
CONFIG = DeepSpeedPpoConfig(learning_rate=1e-3, warmup_updates=0, kl_coefficient=0.1)


def subject_of(context: BuildContext, llama: Path, config: DeepSpeedPpoConfig = CONFIG) -> OptimizerSubject:
    model = AutoModelForCausalLM.from_pretrained(llama)
    whole = evolve(context, sequences_per_update=8)

    @torch.no_grad()
    def logprobs(weights: Weights, prompt_ids: Sequence[int], ids: Sequence[int], temperature: float) -> list[float]:
        sequence = torch.tensor([[*prompt_ids, *ids]])
        logits = torch.func.functional_call(model, weights.payload, (sequence,)).logits[0, len(prompt_ids) - 1 : -1]
        found: list[float] = (logits / temperature).log_softmax(-1).gather(-1, sequence[0, len(prompt_ids) :, None])[:, 0].tolist()
        return found

    return OptimizerSubject(
        lambda: DeepSpeedOptimizer.build(config, whole),
        logprobs,
        vocabulary=300,
        build_split=lambda: DeepSpeedOptimizer.build(evolve(config, micro_batch_tokens=1, logprob_chunk_tokens=3), whole),
    )


class TestDeepSpeedPpo(OptimizerSuite):
    @pytest.fixture
    def subject(self, context: BuildContext, llama: Path) -> OptimizerSubject:
        return subject_of(context, llama)
