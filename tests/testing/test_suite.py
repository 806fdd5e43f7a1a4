"""Promises and checks: what an author may switch off, what he may not replace, and what is printed."""

import subprocess
import sys

import pytest

from rlef_core.testing import Suite, needs, promise, run_suites


class EchoSuite(Suite):
    keeps_case: bool = promise("letters come back in the case they were sent")
    keeps_order: bool = promise("words come back in their order")

    @pytest.fixture
    def echo(self):
        raise NotImplementedError(self.fixture_wanted("echo", "a function that gives words back"))

    async def test_every_word_comes_back(self, echo):
        assert sorted((await echo("a b")).lower().split()) == ["a", "b"]

    @needs("keeps_case")
    async def test_capitals_stay_capitals(self, echo):
        assert await echo("Ab") == "Ab"

    @needs("keeps_order")
    async def test_the_first_word_stays_first(self, echo):
        assert (await echo("a b")).lower().startswith("a")


class Shouts(EchoSuite):
    @pytest.fixture
    def echo(self):
        async def shout(words):
            return words.upper()

        return shout


class Quiet(Shouts):
    keeps_case = False


class Promising(Quiet):
    keeps_case = True


class Excused(Shouts):
    @pytest.mark.xfail(reason="the service answers in capitals until its next version")
    async def test_capitals_stay_capitals(self, echo):
        await super().test_capitals_stay_capitals(echo)


def test_a_check_of_a_promise_is_run_unless_it_is_switched_off():
    assert run_suites([Shouts]).failed == {"test_capitals_stay_capitals"}
    assert run_suites([Quiet]).passed == {"test_every_word_comes_back", "test_the_first_word_stays_first"}
    assert run_suites([Promising]).failed == {"test_capitals_stay_capitals"}


def test_the_table_tells_kept_broken_excused_and_switched_off(capsys):
    run_suites([Shouts, Quiet, Excused])
    lines = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    for word in ("BROKEN keeps_case letters", "excused keeps_case letters", "kept keeps_order words", "switched off  keeps_case"):
        assert word.split() in lines


def test_the_table_tells_what_was_not_run(capsys):
    run_suites([Shouts], ["-k", "every_word"])
    assert "not run       keeps_case" in capsys.readouterr().out


def test_a_check_with_a_reasoned_xfail_is_excused():
    outcomes = run_suites([Excused])
    assert (outcomes.failed, outcomes.excused) == (frozenset(), {"test_capitals_stay_capitals"})


def test_a_fixture_that_nobody_wrote_fails_with_what_to_write(capsys):
    assert run_suites([type("Forgetful", (EchoSuite,), {})]).failed == set(EchoSuite.checks)
    assert "Forgetful has no fixture 'echo', expected one that returns a function that gives words back" in capsys.readouterr().out


def replaced(self, echo):
    """Does nothing."""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"keeps_cse": False},
            r"keeps_cse = False is no promise of this suite \(did you mean 'keeps_case'\?\), expected one of: keeps_case",
        ),
        ({"isolates": True}, "isolates = True is no promise"),
        ({"keeps_ordre": "no"}, "did you mean 'keeps_order'"),
        ({"keeps_case": None}, "keeps_case is None, expected True or False: it is the promise that letters come back"),
        ({"keeps_case": 0}, "keeps_case is 0, expected True or False"),
        ({"test_every_word_comes_back": replaced}, r"replaces the check 'test_every_word_comes_back'; .*xfail\(reason=\.\.\.\)"),
        ({"test_every_word_comes_back": None}, "replaces the check"),
        ({"test_every_word_comes_back": pytest.mark.skip(reason="slow")(replaced)}, "replaces the check"),
        ({"test_every_word_comes_back": pytest.mark.xfail(replaced)}, "replaces the check"),
        ({"test_every_word_comes_back": pytest.mark.xfail(reason=" ")(replaced)}, "replaces the check"),
        ({"keeps_case": promise("again")}, "declares the promise 'keeps_case' again"),
        ({"test_more": needs("speed")(lambda self: None)}, "test_more needs 'speed', which is no promise of this suite"),
    ],
)
def test_a_class_that_breaks_the_rules_cannot_be_defined(body, message):
    with pytest.raises(TypeError, match=message):
        type("Mine", (Shouts,), body)


def test_a_mixin_replaces_no_check_either():
    mixin = type("Mixin", (), {"test_every_word_comes_back": lambda self: None})
    with pytest.raises(TypeError, match="replaces the check"):
        type("Mine", (mixin, Shouts), {})


def test_an_author_may_add_checks_and_promises_of_his_own():
    class Mine(Shouts):
        keeps_case = False
        is_loud: bool = promise("what comes back is loud")

        @needs("is_loud")
        async def test_it_is_loud(self, echo):
            assert (await echo("a")).isupper()

    assert "test_it_is_loud" in run_suites([Mine]).passed


def test_a_file_of_ones_own_needs_no_setting_of_pytest(tmp_path):
    (tmp_path / "test_mine.py").write_text(OWN)
    done = subprocess.run([sys.executable, "-m", "pytest", "test_mine.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "promises of TestMine" in done.stdout
    assert "switched off  runs_nothing" in done.stdout


OWN = """
import pytest
from rlef_core.testing import CheckerSuite

class Exact:
    async def check(self, case, output, run):
        from rlef_core import CallCase, encode_value
        return output == (encode_value(case.value) if isinstance(case, CallCase) else case.output.encode())

class TestMine(CheckerSuite):
    runs_nothing = False

    @pytest.fixture
    def checker(self):
        return Exact()
"""
