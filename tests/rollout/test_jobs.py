"""From a program and its cases to jobs."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlef_core import CallCase, CaseInput, Limits, PluginError, Program, ScriptCase, StdioCase
from rlef_core.builtin.python import LANGUAGE
from rlef_core.rollout.jobs import parts_for, script_token

FRAME = "begin {source} middle {code} end {other}"
BUILT = attrs.evolve(LANGUAGE, name="built", build=("{python}", "{source}"), drivers={"script": FRAME})
LANGUAGES = {"python": LANGUAGE, "built": BUILT, "bare": attrs.evolve(BUILT, name="bare", drivers={})}
CASES = st.lists(st.sampled_from([StdioCase("1", "2"), CallCase("f", (), 1), ScriptCase("a"), ScriptCase("b")]), min_size=1)


@given(CASES, st.sampled_from(sorted(LANGUAGES)))
def test_the_parts_hold_every_case_once_and_in_order(cases, language):
    parts = parts_for(Program(language, "x"), cases, Limits(), LANGUAGES)
    assert [case for part in parts for case in part.cases] == cases
    assert [part.first for part in parts] == [sum(len(before.cases) for before in parts[:number]) for number in range(len(parts))]
    assert [len(part.job.cases) for part in parts] == [len(part.cases) for part in parts]


@given(CASES)
def test_only_a_script_in_a_language_with_a_frame_has_a_job_of_its_own(cases):
    for language in ("python", "bare"):
        assert len(parts_for(Program(language, "x"), cases, Limits(), LANGUAGES)) == 1
    for part in parts_for(Program("built", "x"), cases, Limits(), LANGUAGES):
        assert len(part.cases) == 1 or not any(isinstance(case, ScriptCase) for case in part.cases)


def test_a_frame_is_filled_once_and_its_program_reads_the_token():
    case = ScriptCase("{source} {}")
    (part,) = parts_for(Program("built", "{code} \\1"), [case], Limits(), LANGUAGES)
    assert part.job.source == "begin {code} \\1 middle {source} {} end {other}"
    assert part.job.cases == (CaseInput(stdin=script_token(case).encode()),)


def test_a_language_that_is_not_there_is_told():
    with pytest.raises(PluginError, match=r"no plugin offers language 'bulit', expected one of .*; did you mean 'built'"):
        parts_for(Program("bulit", "x"), [StdioCase("", "")], Limits(), LANGUAGES)
