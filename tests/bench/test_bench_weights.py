"""`rlef-core bench weights`, with an optimizer and policies whose pace is known."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from rlef_core.bench.tree import at_rest

MOVING = ("--set", "optimizer.use=moving")


def test_an_update_is_timed_from_the_publication_to_the_end_of_the_load(bench, spec):
    done = bench("weights", spec, *MOVING, "--pairs", "3", "--against", "{use: paced, seconds: 0.06}", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    ours, theirs = report["measured"].values()
    assert report["asked"]["schemes"] == {"paced": "carrier", "paced(seconds=0.06)": "carrier"}
    assert min(ours["publish_seconds"]) >= 0.01
    assert (min(ours["load_seconds"]) >= 0.02, min(theirs["load_seconds"]) >= 0.06) == (True, True)
    assert ours["bytes"] == [4000] * 3
    for publish, load, seconds, rate in zip(
        *(ours[key] for key in ("publish_seconds", "load_seconds", "seconds", "bytes_per_second")), strict=True
    ):
        assert publish + load <= seconds + 1e-5
        assert rate == pytest.approx(4000 / seconds, rel=1e-3)


def test_without_json_there_is_a_table_and_the_schemes_are_told(bench, spec):
    done = bench("weights", spec, *MOVING, "--pairs", "1")
    assert done.exit_code == 0, done.output
    assert "weights by carrier for paced, on" in done.stdout
    assert "slow" not in done.stdout, "baselines load no weights"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "takes no weights from optimizer 'pacing' (plugin pacemaker, distribution unpackaged 0), which publishes by unchanged"),
        ((*MOVING, "--against", "slow"), 2, "policy 'slow' (plugin pacemaker, distribution unpackaged 0) takes no weights from"),
        ((*MOVING, "--against", "{use: engineless}"), 4, "failed in build: RuntimeError: no engine"),
    ],
)
def test_what_cannot_be_measured_is_told_and_nothing_is_left_over(bench, spec, words, code, said):
    import pacemaker

    done = bench("weights", spec, "--pairs", "1", *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert pacemaker.Pacing.built == pacemaker.Pacing.closed


def test_the_next_one_begins_when_the_processes_of_the_one_before_rest():
    busy = "import time; print(flush=True); until = time.monotonic() + 0.5\nwhile time.monotonic() < until: pass\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE) as running:
        assert running.stdout.readline() == b"\n"
        began = time.monotonic()
        asyncio.run(at_rest(60))
        assert 0.4 < time.monotonic() - began < 50
        running.kill()
