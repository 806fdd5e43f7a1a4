"""A time-out near the limit counts when it comes again with nothing else running; one far from it counts at once."""

import asyncio

import pytest

from rlef_core import LimitHit

from .conftest import Open, run_all

pytestmark = pytest.mark.repository

LIMIT_SECONDS = 0.4
BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done')"


@pytest.mark.parametrize(
    ("seconds", "recheck", "again"),
    [(0.44, 1.25, 1), (600, 1.25, 0), (0.44, 1.0, 0)],
    ids=["a little too long", "far too long", "a little too long, where that is not looked at again"],
)
async def test_a_time_out_is_run_again_where_the_program_came_to_its_end(
    opened: Open, figures: dict[str, float], seconds: float, recheck: float, again: int
) -> None:
    async with opened(recheck=recheck) as executor:
        (seen,) = await run_all(executor, BURN.format(seconds=seconds), [b""], cpu_seconds=LIMIT_SECONDS)
        assert seen.limit is LimitHit.TIME
        assert figures["executor/rechecks"] == again


async def test_a_program_within_its_time_is_not_run_again(opened: Open, figures: dict[str, float]) -> None:
    async with opened() as executor:
        (seen,) = await run_all(executor, BURN.format(seconds=0.2), [b""], cpu_seconds=LIMIT_SECONDS)
        assert (seen.limit, seen.stdout, figures["executor/rechecks"]) == (None, b"done\n", 0)


async def test_a_program_that_is_run_again_alone_keeps_no_other_from_its_end(opened: Open, figures: dict[str, float]) -> None:
    async with opened(workers=2) as executor:
        late = run_all(executor, BURN.format(seconds=0.44), [b""], cpu_seconds=LIMIT_SECONDS)
        others = [run_all(executor, "import time\ntime.sleep(0.2)\nprint(1)", [b""] * 3) for _ in range(3)]
        (seen,), *rest = await asyncio.gather(late, *others)
        assert seen.limit is LimitHit.TIME
        assert figures["executor/rechecks"] == 1
        assert [each.stdout for job in rest for each in job] == [b"1\n"] * 9
