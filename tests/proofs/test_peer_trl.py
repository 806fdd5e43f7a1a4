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


@pytest.fixture
def step(proof):
    def make(tokens_per_second):
        return proof("peer.match").Step(seconds=2.0, tokens=2 * tokens_per_second, **FIGURES)

    return make


def test_the_ratio_is_the_median_of_the_rounds_pairs(proof, step):
    found = proof("peer_trl").compared([(step(60), step(30)), (step(90), step(30)), (step(240), step(60))])
    assert found["ratio"] == {"value": 3.0, "low": 2.0, "high": 4.0}
    assert (found["ours"]["tokens_per_second"], found["trl"]["tokens_per_second"]) == (90, 30)
    assert found["rounds"][2]["trl"]["tokens"] == 120
    json.dumps(found)


def test_the_way_with_the_fastest_step_plays_the_match(proof, step):
    trials = {"generate": [step(10), step(30)], "static": [step(40), step(20)], "continuous": [step(5)]}
    assert proof("peer_trl").fastest(trials) == "static"


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
    with peer_trl.side("static", 1, []) as take, pytest.raises(RuntimeError, match="side 'static' ended before its step: no memory left"):
        take()
