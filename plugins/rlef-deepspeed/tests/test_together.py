"""Two ranks, launched with ZeRO 3, learn, publish, save and restore what one does; one launch serves all of these tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest
from attrs import evolve
from torch import Tensor

from rlef_core import CheckpointError, ModelSpec, Trajectory, Weights
from rlef_core.testing import BuildContext, OptimizerSubject
from rlef_core.testing.trajectories import collection
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.errors import RankError
from rlef_deepspeed.optimizer import DeepSpeedOptimizer
from rlef_models.transfer import Receiver, TransferError, announce

pytestmark = pytest.mark.repository
CONFIG = DeepSpeedPpoConfig(learning_rate=1e-3, warmup_updates=0, kl_coefficient=0.1, zero_stage=3)


def lesson(version: int) -> list[Trajectory]:
    """A collection whose log-probs are made up."""
    subject = OptimizerSubject(NotImplemented, lambda weights, prompt, ids, temperature: [-5.0] * len(ids), vocabulary=300)
    return collection(subject, Weights(version, "memory"))


@pytest.fixture(scope="module")
def shared(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildContext:
    return BuildContext(tmp_path_factory.mktemp("run"), ModelSpec(str(llama), max_length=256), sequences_per_update=4)


@pytest.fixture(scope="module")
def two(shared: BuildContext) -> Iterator[DeepSpeedOptimizer]:
    """Two ranks that have learnt once."""
    optimizer = DeepSpeedOptimizer.build(evolve(CONFIG, world_size=2), shared)
    asyncio.run(optimizer.update(lesson(0)))
    yield optimizer
    asyncio.run(optimizer.close())
    assert not psutil.Process().children(recursive=True), "processes are left"


@pytest.fixture(scope="module")
def one(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeepSpeedOptimizer]:
    """One rank that has learnt the same."""
    context = BuildContext(tmp_path_factory.mktemp("run"), ModelSpec(str(llama), max_length=256), sequences_per_update=4)
    optimizer = DeepSpeedOptimizer.build(CONFIG, context)
    asyncio.run(optimizer.update(lesson(0)))
    yield optimizer
    asyncio.run(optimizer.close())


@asynccontextmanager
async def published(optimizer: DeepSpeedOptimizer, scheme: str) -> AsyncIterator[Mapping[str, Tensor]]:
    """What a policy gets by a scheme."""
    async with optimizer.publish(scheme) as weights:
        yield weights.payload if scheme == "memory" else await asyncio.to_thread(receive, weights.payload)


def receive(payload: Mapping[str, Any], tensors: int | None = None) -> dict[str, Tensor]:
    """Take a publication, or only its first `tensors`."""
    announce(payload, receivers=1, group=payload["publication"])
    receiver = Receiver()
    try:
        return {name: tensor.clone() for name, tensor in islice(receiver.receive(payload, rank=0, device="cpu"), tensors)}
    finally:
        receiver.close()


async def distance(first: DeepSpeedOptimizer, second: DeepSpeedOptimizer, scheme: str = "memory") -> float:
    """How far the weights are apart that two optimizers publish, the second by `scheme`."""
    async with published(first, "memory") as here, published(second, scheme) as there:
        assert list(here) == list(there)
        return max(float((here[name] - there[name]).abs().max()) for name in here)


@pytest.mark.parametrize("scheme", ["memory", "shm", "file", "gloo"])
async def test_two_ranks_publish_what_one_has_learnt(
    one: DeepSpeedOptimizer, two: DeepSpeedOptimizer, shared: BuildContext, scheme: str
) -> None:
    assert one.version == two.version == 1
    assert await distance(one, two, scheme) < 1e-6
    assert shared.metrics.values["optimizer/gather_seconds"][-1] > 0
    assert shared.metrics.values["optimizer/published_bytes"][-1] > 100_000


async def test_a_publication_is_refused_where_nobody_comes_for_it(two: DeepSpeedOptimizer) -> None:
    with pytest.raises(TransferError, match="no policy announced its receivers"):
        async with two.publish("gloo"):
            pass
    with pytest.raises(ValueError, match="scheme 'pigeon'"):
        async with two.publish("pigeon"):
            pass


async def test_ranks_stay_in_step_where_a_receiver_leaves_in_the_midst(one: DeepSpeedOptimizer, two: DeepSpeedOptimizer) -> None:
    with pytest.raises(TransferError, match="could not be sent to 1 receivers"):
        async with two.publish("gloo") as weights:
            await asyncio.to_thread(receive, weights.payload, 3)
    assert await distance(one, two) < 1e-6


async def test_a_loop_that_is_left_by_an_error_gives_the_publication_up(one: DeepSpeedOptimizer, two: DeepSpeedOptimizer) -> None:
    with pytest.raises(LookupError):
        async with two.publish("gloo"):
            raise LookupError
    assert await distance(one, two, "gloo") < 1e-6


async def test_a_checkpoint_that_is_not_there_leaves_the_ranks_at_work(two: DeepSpeedOptimizer, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        await two.restore(tmp_path)
    assert two.version == 1


async def test_one_rank_goes_on_from_what_two_have_saved(one: DeepSpeedOptimizer, two: DeepSpeedOptimizer, tmp_path: Path) -> None:
    await two.save(tmp_path)
    await one.restore(tmp_path)
    for optimizer in (one, two):
        await optimizer.update(lesson(1))
    assert one.version == two.version == 2
    assert await distance(one, two) < 1e-6


async def test_a_rank_that_is_killed_ends_the_update_and_all_processes(two: DeepSpeedOptimizer, shared: BuildContext) -> None:
    # the last one: nobody has ranks after it
    updating = asyncio.ensure_future(two.update(lesson(2)))
    ranks = [each for each in psutil.Process().children(recursive=True) if "RANK" in each.environ()]
    next(each for each in ranks if each.environ()["RANK"] == "1" and each.parent() in ranks).kill()
    with pytest.raises(RankError, match=r"^rank 1 was ended by signal 9 \(SIGKILL, .*rank-1.log\)$"):
        await updating
    assert not any(map(lives, ranks))
    assert (shared.directory / "components" / "deepspeed-ppo" / "rank-0.log").exists()


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
