"""The policy keeps what rlef-core's conformance kit asks of every policy."""

from collections.abc import Callable
from typing import Any

import pytest

from rlef_core.testing import PolicySubject, PolicySuite
from rlef_vllm.policy import VllmPolicy

pytestmark = pytest.mark.repository


class TestVllm(PolicySuite):
    @pytest.fixture
    def subject(self, lend: Callable[[], VllmPolicy], trainer: Any) -> PolicySubject:
        return PolicySubject(
            build=lend,
            max_length=256,
            weights=trainer.published,
            logprobs=lambda weights, prompt, ids, temperature: trainer.logprobs(weights.version, prompt, ids, temperature),
            control_tokens=("<|start|>", "<|end|>"),
            tolerance=1e-4,
        )
