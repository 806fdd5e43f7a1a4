"""Weights reach other processes bit for bit, never stand twice, leave nothing behind; what does not come is named."""

import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlef_core import Probe
from rlef_models.transfer import Entry, Parameters, Publisher, TransferError, announce
from rlef_models.transfer.parameters import DTYPES, as_bytes

pytestmark = pytest.mark.repository
HERE = Path(__file__).parent
STORED = ("shm", "file")
TENSORS = {"weight": torch.arange(12.0).view(3, 4), "scale": torch.tensor(0.5, dtype=torch.bfloat16), "none": torch.empty(0, 4)}


class Engine:
    """A process that takes publications."""

    def __init__(self) -> None:
        command = [sys.executable, str(HERE / "engine_process.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def awake(self) -> "Engine":
        assert self.process.stdout.readline() == "ready\n"
        return self

    async def take(self, payload: Mapping[str, Any], rank: int = 0, **order: Any) -> Any:
        self.process.stdin.write(json.dumps({"payload": payload, "rank": rank, **order}) + "\n")
        return json.loads(await asyncio.to_thread(self.process.stdout.readline))

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def engines() -> Iterator[list[Engine]]:
    started = [Engine() for _ in range(2)]
    yield [engine.awake() for engine in started]
    for engine in started:
        engine.kill()


@asynccontextmanager
async def publisher_in(directory: Path, **options: Any) -> AsyncIterator[Publisher]:
    publisher = Publisher(directory, "cpu", **{"timeout": 20, **options})
    try:
        yield publisher
    finally:
        await publisher.close()


def told(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What an engine tells of tensors that it got."""
    plain = {name: Entry(name, each.dtype, tuple(each.shape)).plain() for name, each in tensors.items()}
    return {name: [plain[name], hashlib.sha256(as_bytes(each).numpy().tobytes()).hexdigest()] for name, each in tensors.items()}


async def taken(publisher: Publisher, scheme: str, tensors: Mapping[str, Tensor], engines: list[Engine], group: str = "all") -> list[Any]:
    """What the engines tell of one publication."""
    async with publisher.publish(scheme, 1, Parameters.of(tensors)) as weights:
        await asyncio.to_thread(announce, weights.payload, len(engines), group)
        return await asyncio.gather(*(engine.take(weights.payload, rank) for rank, engine in enumerate(engines)))


@st.composite
def tensors(draw: Any) -> dict[str, Tensor]:
    shapes = st.lists(st.integers(0, 5), max_size=3)
    kinds = draw(st.lists(st.tuples(st.sampled_from(list(DTYPES)), shapes), max_size=6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    found = {}
    for number, (dtype, shape) in enumerate(kinds):
        content = torch.randint(256, (Entry("", dtype, tuple(shape)).bytes,), dtype=torch.uint8, generator=generator)
        content = content % 2 if dtype is torch.bool else content
        found[f'layer.{number} "ü"'] = content.view(dtype).reshape(shape)
    return found


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensors=tensors())
def test_whatever_is_published_comes_out_bit_for_bit_in_every_receiver(tmp_path: Path, engines: list[Engine], tensors: Any) -> None:
    async def check() -> None:
        async with publisher_in(tmp_path) as publisher:
            for scheme in (*STORED, "gloo"):
                assert await taken(publisher, scheme, tensors, engines) == [told(tensors)] * 2

    asyncio.run(check())


@pytest.mark.parametrize("scheme", [*STORED, "gloo"])
async def test_a_payload_is_plain_data_and_the_probe_goes_along(tmp_path: Path, engines: list[Engine], scheme: str) -> None:
    probe = Probe((5, 6), (-0.5,))
    async with publisher_in(tmp_path) as publisher, publisher.publish(scheme, 7, Parameters.of(TENSORS), probe) as weights:
        assert (weights.version, weights.scheme, weights.probe) == (7, scheme, probe)
        assert json.loads(json.dumps(weights.payload)) == weights.payload
        assert weights.payload["bytes"] == 12 * 4 + 2
        assert weights.payload["tensors"][1] == ["scale", "bfloat16", []]
        announce(weights.payload, 1, "one")
        assert await engines[0].take(weights.payload) == told(TENSORS)


@pytest.mark.parametrize("scheme", [*STORED, "gloo"])
async def test_floating_point_tensors_are_cast_where_a_dtype_is_asked_for(tmp_path: Path, engines: list[Engine], scheme: str) -> None:
    given = {"weight": torch.rand(8), "mask": torch.tensor([True, False])}
    async with publisher_in(tmp_path, dtype=torch.bfloat16) as publisher:
        (got,) = await taken(publisher, scheme, given, engines[:1])
    assert got == told({**given, "weight": given["weight"].bfloat16()})


@pytest.mark.parametrize("scheme", [*STORED, "gloo"])
async def test_no_second_copy_of_the_weights_ever_exists(tmp_path: Path, engines: list[Engine], scheme: str) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most = 0

    def one_by_one() -> Iterator[tuple[str, Tensor]]:
        nonlocal most
        for number in range(20):
            storage = torch.full((1000,), float(number))
            alive.add(storage.untyped_storage())
            most = max(most, len(alive))
            yield f"layer.{number}", storage

    entries = tuple(Entry(f"layer.{number}", torch.float32, (1000,)) for number in range(20))
    async with publisher_in(tmp_path) as publisher, publisher.publish(scheme, 0, Parameters(entries, one_by_one)) as weights:
        announce(weights.payload, 1, "one")
        assert len(await engines[0].take(weights.payload)) == 20
    assert 1 <= most <= 3  # the one that is made, the one that is sent, the one whose sending ends


@pytest.mark.parametrize("scheme", STORED)
async def test_what_is_stored_stays_until_the_next_publication(tmp_path: Path, engines: list[Engine], scheme: str) -> None:
    async with publisher_in(tmp_path) as publisher:
        async with publisher.publish(scheme, 1, Parameters.of(TENSORS)) as first:
            pass
        assert await engines[0].take(first.payload) == told(TENSORS)  # an engine started anew
        later = {name: tensor + 1 for name, tensor in TENSORS.items()}
        async with publisher.publish(scheme, 2, Parameters.of(later)) as second:
            pass
        assert await engines[0].take(second.payload) == told(later)
        assert "version 1" in (await engines[0].take(first.payload))["error"]
    assert "its publisher has ended" in (await engines[0].take(second.payload))["error"]


@pytest.mark.parametrize("scheme", STORED)
async def test_weights_that_do_not_come_as_told_are_not_published(tmp_path: Path, scheme: str) -> None:
    entries = (*Parameters.of(TENSORS).entries, Entry("late", torch.float32, (2,)))
    async with publisher_in(tmp_path) as publisher:
        for expected, parameters in [
            (r"\['late'\] were told of", Parameters(entries, TENSORS.items)),
            ("'scale'.*not told of before", Parameters(entries[:1], TENSORS.items)),
            ("came twice", Parameters(entries[:1], lambda: [("weight", TENSORS["weight"])] * 2)),
        ]:
            with pytest.raises(ValueError, match=expected):
                async with publisher.publish(scheme, 1, parameters):
                    raise AssertionError("it was published")
    assert list(tmp_path.iterdir()) == []


def test_a_dtype_that_cannot_be_moved_is_named() -> None:
    with pytest.raises(ValueError, match=r"'phase' is of complex64.*expected one of: float64"):
        Parameters.of({"phase": torch.zeros(2, dtype=torch.complex64)})


async def test_nothing_is_left_after_the_publisher_closes(tmp_path: Path) -> None:
    async with publisher_in(tmp_path / "published") as publisher:
        for scheme in STORED:
            async with publisher.publish(scheme, 1, Parameters.of(TENSORS)) as weights:
                assert Path(weights.payload["path"]).exists()
        descriptors = memory_files()
        assert len(descriptors) == 1
    assert memory_files() == []
    assert list((tmp_path / "published").iterdir()) == []
    await publisher.close()  # once more is harmless


def memory_files() -> list[str]:
    found = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [each for each in found if "rlef-weights" in each]


async def test_nothing_stays_of_a_publisher_that_was_killed(tmp_path: Path, engines: list[Engine]) -> None:
    command = [sys.executable, str(HERE / "publisher_process.py"), str(tmp_path), *STORED]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    shared, stored = [json.loads(await asyncio.to_thread(process.stdout.readline)) for _ in STORED]
    assert (await engines[0].take(shared)) == told({"weight": torch.ones(4)})
    process.kill()
    process.communicate()
    assert not Path(shared["path"]).exists()
    assert "cannot be read" in (await engines[0].take(shared))["error"]
    # a folder outlives its process: the next run in it cleans up
    assert (await engines[0].take(stored)) == told({"weight": torch.ones(4)})
    async with publisher_in(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", STORED)
async def test_weights_without_room_are_named_and_leave_nothing(tmp_path: Path, scheme: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with publisher_in(tmp_path) as publisher:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
        try:
            with pytest.raises(TransferError, match=r"0.00 GiB of weights cannot be stored \(File too large\); make room"):
                async with publisher.publish(scheme, 1, Parameters.of({"weight": torch.zeros(2**19)})):
                    pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert memory_files() == []
        assert list(tmp_path.iterdir()) == []


async def load(publisher: Publisher, policy: Callable[[Any], Awaitable[Any]], version: int = 4) -> None:
    """A publication with whatever a policy does inside."""
    async with publisher.publish("gloo", version, Parameters.of(TENSORS)) as weights:
        await policy(weights.payload)


async def test_receivers_that_never_come_are_named(tmp_path: Path, engines: list[Engine]) -> None:
    async def forgets(payload: Any) -> None:
        pass

    async def hangs(payload: Any) -> None:
        await asyncio.sleep(0)  # the sending is under way
        await publisher._run(lambda: None)  # and what follows it on its thread is done

    async def hangs_later(payload: Any) -> None:
        announce(payload, 2, "absent")
        await hangs(payload)

    async with publisher_in(tmp_path, timeout=1) as publisher:
        with pytest.raises(
            TransferError, match=r"version 4 were not taken by scheme 'gloo': no policy announced.*before the publication's"
        ):
            await load(publisher, forgets)
        with pytest.raises(TransferError, match=r"no policy announced its receivers within 1 s"):
            await load(publisher, hangs)
        with pytest.raises(TransferError, match=r"receivers \[0, 1\] of 2 did not come within 1 s; see whether these engines live"):
            await load(publisher, hangs_later)


async def test_a_failed_load_ends_the_publication_at_once(tmp_path: Path) -> None:
    async def fails(payload: Any) -> None:
        announce(payload, 2, "absent")
        raise KeyError("the policy's own error")

    async with publisher_in(tmp_path, timeout=600) as publisher:
        with pytest.raises(KeyError):
            await load(publisher, fails)


@pytest.mark.parametrize(("scheme", "expected"), [("ipc", "'ipc' on device 'cpu', expected a GPU"), ("nccl", "'nccl' on device 'cpu'")])
async def test_schemes_of_gpus_are_refused_without_one(tmp_path: Path, engines: list[Engine], scheme: str, expected: str) -> None:
    async with publisher_in(tmp_path) as publisher:
        with pytest.raises(TransferError, match=expected):
            await taken(publisher, scheme, TENSORS, engines[:1])


async def test_an_unknown_scheme_is_refused(tmp_path: Path) -> None:
    async with publisher_in(tmp_path) as publisher:
        with pytest.raises(ValueError, match="'pigeon', expected one of 'shm', 'file', 'ipc', 'nccl', 'gloo'"):
            publisher.publish("pigeon", 1, Parameters.of(TENSORS))


async def test_a_group_is_kept_while_its_name_stays_and_made_anew_after_an_engine_was_lost(tmp_path: Path, engines: list[Engine]) -> None:
    async def half(payload: Any) -> None:
        announce(payload, 2, "first")
        await asyncio.gather(*(engine.take(payload, rank, most=1) for rank, engine in enumerate(engines)))

    async def again(payload: Any) -> None:
        announce(payload, 0, "first")

    async with publisher_in(tmp_path) as publisher:
        for _ in range(3):
            assert await taken(publisher, "gloo", TENSORS, engines, "first") == [told(TENSORS)] * 2
        with pytest.raises(TransferError, match="could not be sent to 2 receivers in group 'first'"):
            await load(publisher, half)
        with pytest.raises(TransferError, match="'first' was announced again after it was left, expected a new name"):
            await load(publisher, again)
        engines[1].kill()  # this test is the last
        assert await taken(publisher, "gloo", TENSORS, engines[:1], "second") == [told(TENSORS)]
