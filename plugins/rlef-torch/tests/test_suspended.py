"""What a suspended optimizer has published for good stays, and a suspended policy can be closed: the two may share a device."""

from typing import Any

import pytest
import torch

from rlef_models.transfer import Receiver
from rlef_torch.config import TransformersConfig
from rlef_torch.families import GrpoConfig
from rlef_torch.grpo import make_grpo
from rlef_torch.optimizer import TorchOptimizer
from rlef_torch.policy import TransformersPolicy


@pytest.mark.parametrize("scheme", ["shm", "file"])
async def test_a_publication_is_read_while_the_optimizer_is_suspended(context: Any, scheme: str) -> None:
    optimizer = TorchOptimizer.build(make_grpo, GrpoConfig(), context)
    async with optimizer.publish(scheme) as weights:
        pass
    await optimizer.suspend()
    receiver = Receiver()
    got = {name: tensor.clone() for name, tensor in receiver.receive(weights.payload, rank=0, device="cpu")}
    receiver.close()
    assert all(torch.equal(got[name], tensor) for name, tensor in optimizer.learner.policy.model.named_parameters())
    assert got
    await optimizer.close()


async def test_a_suspended_policy_can_be_closed(context: Any) -> None:
    policy = TransformersPolicy.build(TransformersConfig(), context)
    await policy.suspend()
    await policy.close()
