"""The match against TRL counts and compares rightly; TRL itself takes part in the proof alone."""

import importlib
import json
from pathlib import Path

import pytest

from rlef_core.builtin.scripted.tokenizer import ByteTokenizer

pytestmark = pytest.mark.repository

FIGURES = {"episodes": 4, "turns": 9, "reward": -0.5, "generate": 1.0, "judge": 0.5, "update": 0.5, "cpu": 3.0}


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "proofs"))
    return importlib.import_module


def test_the_ratio_is_to_the_faster_of_trls_ways_in_pairs_of_one_round(proof):
    step = proof("peer.match").Step
    speeds = {"ours": [60, 90, 120], "trl": [30, 30, 30], "trl-continuous": [20, 50, 20]}
    rounds = [{name: step(seconds=2.0, tokens=2 * each[number], **FIGURES) for name, each in speeds.items()} for number in range(3)]
    found = proof("peer_trl").compared(rounds)
    assert found["ratio"] == {"to": "trl", "value": 3.0, "low": 2.0, "high": 4.0}
    assert found["sides"]["ours"]["tokens_per_second"] == 90
    assert found["rounds"][1]["trl-continuous"]["tokens"] == 100
    json.dumps(found)


def test_an_answer_says_what_stands_before_its_end_of_turn(proof):
    tokenizer = ByteTokenizer()
    (end,) = tokenizer.end_of_turn
    before, past = (tokenizer.encode(text, special=False) for text in ("right ", "noise "))
    said = proof("peer.match").said
    assert said(tokenizer, [*before, end, *past, end]) == tokenizer.decode(before)
    assert said(tokenizer, [*before, *past]) == tokenizer.decode([*before, *past])


def test_a_watch_counts_overlapping_blocks_once(proof, monkeypatch):
    match = proof("peer.match")
    clock = iter([10.0, 14.0, 20.0, 21.0])
    monkeypatch.setattr(match.time, "perf_counter", lambda: next(clock))
    watch = match.Watch()
    with watch.during("judge"), watch.during("judge"):
        pass
    with watch.during("judge"):
        pass
    assert watch.seconds == {"judge": 5.0}


def test_a_side_that_ends_early_is_told_with_what_it_wrote(proof, monkeypatch, tmp_path):
    interpreter = tmp_path / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.write_text("#!/bin/sh\necho no memory left >&2\nexit 1\n", encoding="utf-8")
    interpreter.chmod(0o755)
    peer_trl = proof("peer_trl")
    monkeypatch.setattr(peer_trl, "ENVIRONMENT", tmp_path)
    with peer_trl.side("trl", 1, []) as take, pytest.raises(RuntimeError, match="side 'trl' ended before its step: no memory left"):
        take()
