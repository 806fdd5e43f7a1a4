"""Ranks in processes of their own answer together, and however one fails, its last words are told and no process is left."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
import pytest
from attrs import evolve

from rlef_core import TrainingDiverged, UsageError
from rlef_core.testing import BuildContext
from rlef_deepspeed import roll
from rlef_deepspeed.config import DeepSpeedPpoConfig
from rlef_deepspeed.errors import RankError
from rlef_deepspeed.launched import Launched
from rlef_deepspeed.launching import Launch
from rlef_deepspeed.recipe import Recipe

pytestmark = pytest.mark.repository
RANKS = Path(__file__).parent / "ranks"

StartCrew = Callable[..., Launched]


def launch_of(context: BuildContext, **settings: Any) -> Launch:
    config = DeepSpeedPpoConfig(**{"world_size": 2, **settings})
    return evolve(Launch.of(Recipe.of(config, context)), command=("plain_launcher", str(config.world_size)))


@pytest.fixture
async def start(context: BuildContext, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartCrew]:
    """Start a crew of ranks that import nothing heavy; all that it started must be gone in the end."""
    monkeypatch.setenv("PYTHONPATH", str(RANKS), prepend=os.pathsep)
    monkeypatch.setattr(roll, "GRACE_SECONDS", 0.3)
    crews: list[Launched] = []

    def begin(maker: str = "conduct:Conduct", **settings: Any) -> Launched:
        crews.append(Launched.start(launch_of(context, **settings), context.metrics, maker))
        return crews[-1]

    yield begin
    for crew in crews:
        await crew.close()
    assert not processes(), "processes are left"


def processes() -> list[psutil.Process]:
    """The launchers, wardens and ranks that this process has."""
    return [each for each in psutil.Process().children(recursive=True) if "rlef_deepspeed" in " ".join(cmdline(each))]


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def rank_process(number: int) -> psutil.Process:
    """The process of a rank: it has a warden above it."""
    return next(
        each for each in processes() if each.environ().get("RANK") == str(number) and each.parent().environ().get("RANK") == str(number)
    )


async def test_every_rank_is_called_and_rank_0_answers(start: StartCrew, context: BuildContext) -> None:
    crew = start(world_size=3)
    assert await crew.ask("obey", {}) == "rank 0 of 3"
    answers = await asyncio.gather(*(crew.ask("obey", {}) for _ in range(20)))
    assert answers == ["rank 0 of 3"] * 20
    assert not list(context.directory.rglob("crew-*")), "the key is left on disk"


async def test_a_crew_may_follow_another_in_the_same_directory(start: StartCrew, context: BuildContext) -> None:
    with pytest.raises(RankError, match=r"the last words of rank 0'"):
        await start().ask("obey", {0: "exit"})
    assert await start().ask("obey", {}) == "rank 0 of 2"
    log = (context.directory / "components/deepspeed-ppo/rank-0.log").read_text()
    assert log.count("--- rank begins") == 2


async def test_ranks_share_the_threads_and_see_the_gpus_of_the_driver(
    start: StartCrew, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    context.threads = 8
    crew = start()
    assert await crew.ask("environment", "OMP_NUM_THREADS") == "4"
    assert await crew.ask("environment", "CUDA_VISIBLE_DEVICES") == "4,5,6"


async def test_the_others_walk_when_rank_0_does(start: StartCrew, context: BuildContext) -> None:
    crew = start(world_size=3)
    await crew.ask("obey", {})
    await crew._run((0,), "lead")
    await crew.ask("obey", {})
    logs = [(context.directory / f"components/deepspeed-ppo/rank-{rank}.log").read_text() for rank in range(3)]
    assert ["walk 1" in log for log in logs] == [False, True, True]


@pytest.mark.parametrize("scheme", ["shm", "nccl"])
async def test_a_rank_0_on_another_machine_publishes_by_files_alone(context: BuildContext, scheme: str) -> None:
    crew = Launched(launch_of(context), context.metrics, "conduct:Conduct")
    crew._lines.apart = True
    with pytest.raises(UsageError, match=rf"by scheme '{scheme}' from rank 0, which is on another machine; choose 'file'"):
        async with crew.publish(scheme, 0):
            pass


async def test_an_error_that_all_ranks_raise_alike_leaves_them_at_work(start: StartCrew) -> None:
    crew = start()
    with pytest.raises(TrainingDiverged, match=r"^these are the last words of rank 0$"):
        await crew.ask("obey", {0: "diverge", 1: "diverge"})
    assert await crew.ask("obey", {}) == "rank 0 of 2"


@pytest.mark.parametrize(
    ("order", "kind", "told"),
    [
        (
            "raise",
            RankError,
            r"^rank 1 failed during obey: ValueError: these are the last words of rank 1; last words: '.*' \(log: ",
        ),
        ("diverge", TrainingDiverged, "^rank 1: these are the last words of rank 1$"),
        ("exit", RankError, "^rank 1 ended with exit status 7 during obey; last words: 'these are the last words of rank 1' "),
        ("die", RankError, r"^rank 1 was ended by signal 9 \(SIGKILL, .*\) during obey; last words: 'these are the last words of rank 1' "),
    ],
)
async def test_a_rank_that_fails_ends_the_others_with_its_last_words(start: StartCrew, order: str, kind: Any, told: str) -> None:
    crew = start()
    with pytest.raises(kind, match=told):
        await crew.ask("obey", {0: "hang", 1: order})
    assert not processes()
    with pytest.raises(RankError, match=r"no rank is left to call 'obey'.*rank 1"):
        await crew.ask("obey", {})


async def test_a_rank_that_keeps_the_others_waiting_is_named(start: StartCrew) -> None:
    crew = start(timeout_seconds=0.5)
    with pytest.raises(RankError, match=r"^rank 1 did not answer within optimizer.timeout_seconds \(0.5 s\); last words: 'these are .* 1'"):
        await crew.ask("obey", {1: "hang"})
    assert not processes()


async def test_a_rank_that_is_stopped_and_takes_nothing_holds_nobody_up(start: StartCrew) -> None:
    crew = start(timeout_seconds=0.5)
    rank_process(1).suspend()
    with pytest.raises(RankError, match=r"^rank 1 did not answer"):
        await crew.ask("obey", {0: "answer", 2: "x" * 8_000_000})


async def test_a_rank_that_is_killed_while_nobody_calls_ends_the_others_at_once(start: StartCrew) -> None:
    crew = start()
    rank_process(1).kill()
    await until(lambda: not processes())
    with pytest.raises(RankError, match=r"^rank 1 was ended by signal 9"):
        await crew.ask("obey", {})


async def test_a_warden_that_is_killed_ends_all(start: StartCrew) -> None:
    crew = start()
    rank_process(0).parent().kill()
    await until(lambda: not processes())
    with pytest.raises(RankError, match=r"^rank 0 is lost"):
        await crew.ask("obey", {})


async def test_a_rank_that_cannot_be_made_or_imported_is_told_with_its_reason(start: StartCrew) -> None:
    with pytest.raises(TrainingDiverged, match=r"^rank 0 cannot be made"):
        start("conduct:broken")
    with pytest.raises(RankError, match=r"rank . failed during start: ModuleNotFoundError: No module named 'nowhere'"):
        start("nowhere:Nothing")


async def test_a_launcher_that_fails_is_told_with_its_last_words(context: BuildContext) -> None:
    launch = evolve(launch_of(context), command=("no_such_launcher",))
    with pytest.raises(RankError, match=r"the launcher ended with exit status 1 before rank 0 came; last words: .*no_such_launcher"):
        Launched.start(launch, context.metrics)


async def test_closing_while_ranks_are_at_work_ends_them_at_once(start: StartCrew) -> None:
    crew = start()
    asked = asyncio.ensure_future(crew.ask("obey", {0: "hang", 1: "hang"}))
    await asyncio.sleep(0.3)
    asked.cancel()
    await crew.close()
    assert not processes()
    await crew.close()


@pytest.mark.parametrize("seconds", [0.0, 0.3])
async def test_nothing_outlives_a_driver_that_is_killed(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seconds: float
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(RANKS), prepend=os.pathsep)
    driver = get_context("fork").Process(target=drive, args=(launch_of(context), context, tmp_path / "started"), daemon=True)
    driver.start()
    if seconds:  # while it starts, or else when all are there
        await asyncio.sleep(seconds)
    else:
        await until((tmp_path / "started").exists)
    started = psutil.Process(driver.pid).children(recursive=True)
    assert started
    driver.kill()
    await until(lambda: not any(map(lives, started)))
    driver.join()


def drive(launch: Launch, context: BuildContext, started: Path) -> None:
    """Start a crew and wait to be killed."""
    crew = Launched.start(launch, context.metrics, "conduct:Conduct")
    started.touch()
    time.sleep(3600)
    del crew  # which would end with its last reference


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    late = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < late, "it did not come true"
        await asyncio.sleep(0.02)
