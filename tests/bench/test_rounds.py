"""Rounds of a run, from its spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core.bench.rounds import Recorder, Span, covered, rounds

LOOP = [
    Span("draw", 10, 11),
    Span("program", 11, 12),
    Span("decode", 11.5, 14),
    Span("program", 13, 15),
    Span("play", 11, 16),
    Span("update", 17, 20),
    Span("publish", 20, 21),
    Span("record", 21, 22),
    Span("checkpoint", 22, 30),
    Span("draw", 30, 31),
]


def test_a_round_goes_from_its_first_step_to_its_last_and_one_that_did_not_end_is_left_out():
    (found,) = rounds(LOOP)
    assert found.seconds == 12
    assert found.steps == {"draw": 1, "play": 5, "update": 3, "publish": 1, "record": 1}
    assert found.busy == 4 + 3


def test_steps_of_other_rounds_do_not_count():
    later = [Span(span.name, span.began + 20, span.ended + 20) for span in LOOP[:-1]]
    first, second = rounds(LOOP[:-1] + later)
    assert (first.steps, first.busy) == (second.steps, second.busy)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=20), st.integers(0, 50), st.integers(0, 30))
def test_the_covered_time_is_that_of_every_second_in_which_a_span_runs(parts, start, length):
    spans = [Span("program", began, began + lasting) for began, lasting in parts]
    seconds = range(start, start + length)
    assert covered(spans, start, start + length) == sum(any(span.began <= second < span.ended for span in spans) for second in seconds)


def test_a_recorder_keeps_what_rounds_are_made_of_and_still_counts_work():
    recorder = Recorder()
    for name in ("draw", "update", "answer", "checkpoint"):
        with recorder.span(name):
            pass
    assert [span.name for span in recorder.spans] == ["draw", "update", "checkpoint"]
    update = recorder.spans[1]
    assert recorder.busy() == pytest.approx(update.ended - update.began)
