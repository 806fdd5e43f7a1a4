"""A jail serves many programs, or one, as the setting says; what one program does to its jail's numbers is the reason to choose."""

import pytest

from .conftest import Open, run_all

pytestmark = pytest.mark.repository

TELL_NUMBERS = "import os\nprint(os.getpid(), os.stat('solution.py').st_ino)"
USE_NUMBERS = "import threading\nfor _ in range(50):\n    thread = threading.Thread(target=int)\n    thread.start()\n    thread.join()"


@pytest.mark.parametrize(("requests", "same", "jails"), [(1, True, 3), (2000, False, 1)], ids=["a jail for each", "one jail"])
async def test_numbers_go_on_in_a_jail_and_begin_anew_in_another(
    opened: Open, figures: dict[str, float], requests: int, same: bool, jails: int
) -> None:
    async with opened(requests_per_jail=requests) as executor:
        first, _, third = [(await run_all(executor, source, [b""]))[0].stdout for source in (TELL_NUMBERS, USE_NUMBERS, TELL_NUMBERS)]
        assert (first == third) is same
        assert figures["executor/jails_started"] == jails
