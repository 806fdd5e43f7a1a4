"""The timeline: how long something worked, and a file of trace events."""

import asyncio
import json
import threading
import time
from pathlib import Path

import pytest

from rlef_core import UsageError
from rlef_core.timeline import Timeline, Trace


def test_time_in_which_several_things_work_counts_once() -> None:
    timeline = Timeline()
    began = time.monotonic()
    with timeline.span("program"):
        with timeline.span("decode"):
            time.sleep(0.02)
        assert 0.02 <= timeline.busy() <= time.monotonic() - began
    busy = timeline.busy()
    with timeline.span("publish"):
        time.sleep(0.02)
    assert timeline.busy() == busy
    with timeline.span("update"):
        time.sleep(0.01)
    assert timeline.busy() >= busy + 0.01


def test_work_of_other_threads_counts() -> None:
    timeline = Timeline()

    def work() -> None:
        with timeline.span("decode"):
            time.sleep(0.02)

    threads = [threading.Thread(target=work) for _ in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.02 <= timeline.busy() <= time.monotonic() - began


async def test_a_trace_holds_every_span_on_its_threads_or_its_episodes_track(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "trace.json")

    async def episode(name: str) -> None:
        with trace.track(name), trace.span("answer"):
            await asyncio.sleep(0.01)

    with trace.span("play"):
        await asyncio.gather(episode("a"), episode("b"))
    trace.close()
    events = json.loads((tmp_path / "trace.json").read_text())
    whole = [event for event in events if event["ph"] == "X"]
    assert [event["name"] for event in whole] == ["play"]
    pairs = {(event["id"], event["ph"]): event for event in events if event["ph"] in "be"}
    assert set(pairs) == {("a", "b"), ("a", "e"), ("b", "b"), ("b", "e")}
    for name in "ab":
        assert pairs[name, "e"]["ts"] - pairs[name, "b"]["ts"] >= 10_000
        assert whole[0]["ts"] <= pairs[name, "b"]["ts"]
        assert pairs[name, "e"]["ts"] <= whole[0]["ts"] + whole[0]["dur"] + 1
    assert {event["name"] for event in events if event["ph"] == "M"} == {"process_name", "thread_name"}


def test_what_a_killed_run_leaves_of_a_trace_is_a_line_an_event(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "trace.json")
    for _ in range(5000):
        with trace.span("decode"):
            pass
    head, *lines = (tmp_path / "trace.json").read_text().splitlines()
    assert head == "["
    assert len(lines) > 1000
    assert all(json.loads(line.removesuffix(","))["pid"] for line in lines[:-1])
    trace.close()


def test_a_full_disk_cuts_a_trace_short_and_ends_nothing_else() -> None:
    trace = Trace(Path("/dev/full"))
    for _ in range(1000):
        with trace.span("decode"):
            pass
    trace.close()
    assert "No space left on device" in str(trace.lost)


def test_a_trace_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write the trace"):
        Trace(tmp_path / "nowhere" / "trace.json")
