"""Each suite finds what it is for: a mutant fails exactly the checks that name its fault."""

import itertools
import random

import attrs
import pytest

from rlef_core import Rejected, Verdict
from rlef_core.builtin.checkers import Exact
from rlef_core.builtin.feedback.failing_cases import FailingCases, FailingCasesConfig
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.rewards import RlefConfig, RlefReward
from rlef_core.builtin.tiny_programs import TinyPrograms
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.testing import CheckerSuite, FeedbackSuite, LanguageSuite, PluginSuite, RewardSuite, Samples, TasksetSuite, run_suites


def failed(suite, fixture, make, *arguments):
    """The checks of `suite` that fail when `make()` is what its fixture returns."""

    def give(self):
        return make()

    give.__name__ = fixture
    return run_suites([type("Checked", (suite,), {fixture: pytest.fixture(give)})], ["--tb=no", *arguments]).failed


class AcceptsEverything(Exact):
    async def check(self, case, output, run):
        return True


class AcceptsAnythingThatIsNotEmpty(Exact):
    async def check(self, case, output, run):
        return bool(output)


class ReadsText(Exact):
    async def check(self, case, output, run):
        output.decode()
        return await super().check(case, output, run)


class AlternatesItsAnswer(Exact):
    def __init__(self):
        self.asked = 0

    async def check(self, case, output, run):
        self.asked += 1
        return await super().check(case, output, run) and self.asked % 9 != 0


class RunsAProgram(Exact):
    async def check(self, case, output, run):
        await run(None)
        return await super().check(case, output, run)


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (AcceptsEverything, "test_an_empty_output_is_refused"),
        (AcceptsAnythingThatIsNotEmpty, "test_what_is_right_is_accepted_and_what_is_wrong_is_not"),
        (ReadsText, "test_any_bytes_are_refused_without_an_error_and_in_time"),
        (AlternatesItsAnswer, "test_the_same_output_has_the_same_answer_in_any_order"),
        (RunsAProgram, "test_no_program_is_run"),
    ],
)
def test_a_dishonest_checker_is_found(mutant, check):
    assert failed(CheckerSuite, "checker", mutant, "-k", check) == {check}


class TellsWhatItSawBefore(FailingCases):
    def __init__(self, config):
        super().__init__(config)
        self.seen = []

    def feedback(self, problem, execution):
        self.seen += [each.output.decode("utf-8", "replace") for each in execution.judgements] if execution else []
        return super().feedback(problem, execution) + "\n".join(sorted(set(self.seen)))


class TellsEveryJudgement(FailingCases):
    def feedback(self, problem, execution):
        beyond = execution.judgements[len(problem.public_cases) :] if execution else ()
        shown = attrs.evolve(execution, judgements=execution.judgements[: len(problem.public_cases)]) if execution else None
        return super().feedback(problem, shown) + "".join(each.output.decode() for each in beyond)


class ReadsOutputAsText(FailingCases):
    def feedback(self, problem, execution):
        for each in execution.judgements if execution else ():
            each.output.decode()
        return super().feedback(problem, execution)


class CountsItsCalls(FailingCases):
    number = 0

    def feedback(self, problem, execution):
        self.number += 1
        return f"{super().feedback(problem, execution)} try {self.number}"


class KnowsNoMemoryLimit(FailingCases):
    def feedback(self, problem, execution):
        if execution and any(each.verdict is Verdict.MEMORY_LIMIT for each in execution.judgements):
            raise KeyError("memory_limit")
        return super().feedback(problem, execution)


class SaysNothing(FailingCases):
    def opening(self, problem):
        return []


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (TellsWhatItSawBefore, "test_what_another_problem_showed_is_not_told"),
        (TellsEveryJudgement, "test_a_judgement_of_a_case_that_the_problem_does_not_show_is_not_told"),
        (ReadsOutputAsText, "test_whatever_a_program_wrote_is_borne_and_can_be_encoded"),
        (CountsItsCalls, "test_every_verdict_has_feedback_and_the_same_each_time"),
        (KnowsNoMemoryLimit, "test_every_verdict_has_feedback_and_the_same_each_time"),
        (SaysNothing, "test_the_opening_holds_messages_and_ends_with_one_for_the_policy"),
    ],
)
def test_a_dishonest_formatter_is_found(mutant, check):
    assert failed(FeedbackSuite, "formatter", lambda: mutant(FailingCasesConfig()), "-k", check) == {check}


def test_feedback_without_bound_is_found():
    config = FailingCasesConfig(case_characters=10**9, message_characters=10**9)
    assert failed(FeedbackSuite, "formatter", lambda: FailingCases(config)) == {"test_a_flood_of_output_makes_no_flood_of_feedback"}


class OneNumberAnEpisode(RlefReward):
    async def rewards(self, episode):
        return (await super().rewards(episode))[-1:]


class DividesByNothing(RlefReward):
    async def rewards(self, episode):
        return [
            float("nan") if turn.program is None else value
            for turn, value in zip(episode.turns, await super().rewards(episode), strict=True)
        ]


class Draws(RlefReward):
    async def rewards(self, episode):
        return [random.random() + value for value in await super().rewards(episode)]


class ReadsThePrivateVerdict(RlefReward):
    async def rewards(self, episode):
        return [float(episode.private.accepted)] * len(episode.turns)


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (OneNumberAnEpisode, "test_every_turn_of_every_episode_has_one_finite_number"),
        (DividesByNothing, "test_every_turn_of_every_episode_has_one_finite_number"),
        (ReadsThePrivateVerdict, "test_every_turn_of_every_episode_has_one_finite_number"),
        (Draws, "test_the_same_episode_has_the_same_rewards"),
    ],
)
def test_a_dishonest_reward_is_found(mutant, check):
    assert failed(RewardSuite, "reward", lambda: mutant(RlefConfig()), "-k", check) == {check}


def test_a_reward_for_failing_is_found():
    config = RlefConfig(solved=-1.0, failed=1.0)
    assert failed(RewardSuite, "reward", lambda: RlefReward(config)) == {"test_a_solved_episode_earns_more_than_one_that_failed"}


class Shuffles(TinyPrograms):
    def ids(self, split):
        return random.sample(super().ids(split), 100)


class ShufflesWhenMade(TinyPrograms):
    made = itertools.count()

    def __init__(self):
        super().__init__()
        self.turn = next(self.made)

    def ids(self, split):
        ids = super().ids(split)
        return [*ids[self.turn :], *ids[: self.turn]]


class ShowsAPrivateCase(TinyPrograms):
    def task(self, id):
        task = super().task(id)
        if isinstance(task, Rejected):
            return task
        return attrs.evolve(task, problem=attrs.evolve(task.problem, public_cases=(*task.problem.public_cases, task.private_cases[0])))


class RepeatsAnId(TinyPrograms):
    def ids(self, split):
        ids = super().ids(split)
        return [*ids, ids[0]]


class NamesItOtherwise(TinyPrograms):
    def task(self, id):
        task = super().task(id)
        return task if isinstance(task, Rejected) else attrs.evolve(task, problem=attrs.evolve(task.problem, id=id.upper()))


class TakesAnyId(TinyPrograms):
    def task(self, id):
        return super().task(id if id in self._parts else self.ids("train")[0])


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (Shuffles, "test_the_ids_come_in_the_same_order_each_time"),
        (ShufflesWhenMade, "test_a_taskset_made_anew_has_the_same_order_and_tasks"),
        (ShowsAPrivateCase, "test_no_private_case_is_public"),
        (RepeatsAnId, "test_a_split_has_each_id_once"),
        (NamesItOtherwise, "test_a_task_is_the_same_each_time_and_called_by_its_id"),
        (TakesAnyId, "test_an_unknown_id_is_refused_by_its_name"),
    ],
)
def test_a_dishonest_taskset_is_found(mutant, check):
    assert failed(TasksetSuite, "taskset", mutant, "-k", check) == {check}


PYTHON_SAMPLES = Samples(
    echo="import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())",
    fails="raise SystemExit(3)",
    broken="def",
    identity="def identity(value): return value",
    holds="assert identity(3) == 3",
    breaks="assert identity(3) == 4",
)
ASSERTS_NOTHING = {**LANGUAGE.drivers, "script": "import json, sys; print(json.load(sys.stdin)['token'], end='')"}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"run": ("{pyhton}", "{source}")}, "test_every_word_of_its_commands_is_known"),
        ({"run": ("{python}", "{binary}")}, "test_a_program_is_run_from_its_source_or_from_what_was_built"),
        ({"fences": ()}, "test_its_figures_and_names_fit"),
        ({"drivers": {}}, "test_a_function_gets_and_gives_values"),
        ({"drivers": ASSERTS_NOTHING}, "test_a_script_gives_its_token_only_when_every_assertion_holds"),
    ],
)
def test_a_language_that_does_not_fit_together_is_found(changes, check):
    class Checked(LanguageSuite):
        @pytest.fixture
        def language(self):
            return attrs.evolve(LANGUAGE, **changes)

        @pytest.fixture
        def samples(self):
            return PYTHON_SAMPLES

        @pytest.fixture
        def executor(self):
            return SubprocessExecutor(1, 62000)

    assert run_suites([Checked], ["--tb=no", "-k", check]).failed == {check}


def test_a_sound_plugin_passes(installed):
    name = installed()
    assert failed(PluginSuite, "plugin", lambda: name) == set()


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"top": "import torch"}, "test_loading_it_imports_nothing_heavy_and_prints_nothing"),
        (
            {"top": "@hookimpl\ndef rlef_report_health():\n    import torch\n    return []"},
            "test_loading_it_imports_nothing_heavy_and_prints_nothing",
        ),
        ({"top": "print('hello')"}, "test_loading_it_imports_nothing_heavy_and_prints_nothing"),
        ({"requires": "attrs"}, "test_its_distribution_says_that_it_needs_rlef_core"),
        ({"summary": " two\nlines "}, "test_every_component_says_what_it_is"),
        ({"example": "lambda: 3"}, "test_every_example_is_a_config"),
        ({"top": "@hookimpl\ndef rlef_register_chekers(): return []"}, "test_the_registry_takes_it"),
    ],
)
def test_a_plugin_with_a_fault_is_found(installed, fault, check):
    name = installed(**fault)
    assert failed(PluginSuite, "plugin", lambda: name, "-k", check) == {check}
