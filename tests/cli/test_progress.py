"""Progress: a live line on a terminal, with all its figures."""

import os
import pty
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rlef_core.cli.progress import figures, phase
from rlef_core.evaluation.count import Count
from rlef_core.rollout.tally import Tally


def test_the_line_tells_episodes_turns_solve_rate_speeds_and_time_left() -> None:
    tally = Tally(started=time.monotonic() - 10)
    tally.total, tally.episodes, tally.faults, tally.solved, tally.turns, tally.tokens, tally.programs = 100, 24, 1, 6, 60, 5000, 50
    assert figures(tally) == "25/100 episodes, 60 turns, solved 0.25, 500 tokens/s, 5 programs/s, 30 s left"


def test_the_line_of_judging_tells_what_is_done_and_failed_the_speed_and_time_left() -> None:
    count = Count("verifying", 100, unit="tasks", started=time.monotonic() - 10)
    assert figures(count) == "0/100 tasks, 0 failed, 0.0 programs/s"
    for number in range(25):
        count.add(programs=2, failed=number == 7)
    assert figures(count) == "25/100 tasks, 1 failed, 5.0 programs/s, 30 s left"


def test_how_long_a_pipe_will_take_is_not_known() -> None:
    count = Count("judging", 0, unit="lines", started=time.monotonic() - 10)
    count.add(programs=1, failed=False)
    assert figures(count) == "1 lines, 0 failed, 0.1 programs/s"


def test_a_phase_without_episodes_shows_no_figures() -> None:
    assert figures(Tally()) == ""


def test_a_phase_without_episodes_shows_what_is_played_beside_it() -> None:
    beside = Tally("collection 4", 8, episodes=2, started=time.monotonic() - 1)
    learning = Tally("learning from collection 3", beside=lambda: beside)
    assert phase(learning) == "learning from collection 3; collection 4"
    assert figures(learning).startswith("2/8 episodes")
    assert (phase(Tally("", beside=lambda: beside)), phase(Tally("base", 5, beside=lambda: beside))) == ("collection 4", "base")


def test_a_terminal_sees_a_live_line(tmp_path: Path, command: Callable[..., list[str]], environment: Mapping[str, str]) -> None:
    ours, theirs = pty.openpty()
    slow = 'policy.answers=["```python\\nimport time; time.sleep(0.4)\\n```"]'
    process = subprocess.Popen(
        command("run", "playground.yaml", "--set", slow, "--set", "training.updates=2"),
        cwd=tmp_path,
        env={**environment, "TERM": "xterm", "COLUMNS": "200"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # the terminal's other side closed: the end of what was shown
    finally:
        os.close(ours)
        assert process.wait(60) == 0
    text = shown.decode("utf-8", "replace")
    assert "\x1b[" in text
    assert "collection 1" in text
    assert "/8 episodes" in text
    assert "programs/s" in text
