"""The suite of executors finds what it is for: every mutant fails the check that names its fault."""

import os

import pytest

from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.testing import ExecutorSuite, run_suites
from rlef_core.testing.executor import ISOLATION
from tests.testing import executors

MUTANTS = {
    executors.LeavesAFile: "test_closing_leaves_no_process_descriptor_or_file",
    executors.LeavesAProcess: "test_closing_leaves_no_process_descriptor_or_file",
    executors.LeavesADescriptor: "test_closing_leaves_no_process_descriptor_or_file",
    executors.KeepsEveryRecord: "test_many_programs_take_no_more_than_few",
    executors.RoundsTheTime: "test_the_cpu_time_told_is_the_time_used",
    executors.CountsTheWall: "test_a_program_that_computes_on_and_on_hits_the_time_limit",
    executors.TellsASignalAsAnExitCode: "test_a_signal_is_told_and_is_no_exit_code",
    executors.ReadsText: "test_bytes_are_kept_exactly_as_they_are_also_where_they_are_no_text",
    executors.ForgetsTheLimit: "test_a_program_that_eats_memory_hits_the_memory_limit",
    executors.LeaksTheEnvironment: "test_a_variable_of_the_caller_is_not_seen",
    executors.HashesAtRandom: "test_the_same_program_writes_the_same_every_time",
    executors.TakesADeadSandboxForAProgram: "test_a_dead_sandbox_is_a_fault_and_the_next_program_runs",
    executors.YieldsWhatIsReadyFirst: "test_every_case_is_answered_in_order_with_its_own_input",
    executors.RunsOnWhenClosed: "test_closing_the_iterator_early_stops_the_program",
    executors.OneInterpreter: "test_the_interpreter_forgets_one_case_before_the_next",
}
PLAIN = (
    "test_a_file_in_its_own_folders_is_gone_for_the_next_case_and_program",
    "test_a_process_left_behind_ends_with_its_program",
    "test_no_descriptor_of_the_caller_reaches_a_program",
)


def suite_of(make):
    class Checked(ExecutorSuite):
        @pytest.fixture
        def executor(self):
            return make()

    return Checked


@pytest.mark.parametrize(("mutant", "check"), MUTANTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_mutant_fails_the_check_that_names_its_fault(mutant, check):
    assert run_suites([suite_of(mutant)], ["--tb=no", "-k", check]).failed == {check}


@pytest.mark.parametrize("check", PLAIN)
def test_plain_processes_in_one_folder_fail_what_they_must(check):
    assert run_suites([suite_of(executors.PlainProcesses)], ["--tb=no", "-k", check]).failed == {check}


def test_unsafe_subprocess_fails_exactly_the_isolation_checks_that_it_does_not_promise():
    suite = suite_of(lambda: SubprocessExecutor(2, executors.FIRST_UID))
    checks = [name for name, check in suite.checks.items() if getattr(check, "needs", None) in ISOLATION]
    outcomes = run_suites([suite], ["--tb=no", "-k", " or ".join(checks)])
    # As root, programs run as another user, who may signal no process of ours and whose files can be told and removed everywhere.
    as_user = {"test_a_process_of_the_host_is_not_signalled", "test_a_file_anywhere_is_gone_for_the_next_program"}
    assert outcomes.failed == (as_user if os.geteuid() else set()) | {
        "test_a_canary_file_of_the_host_cannot_be_read",
        "test_a_file_that_anybody_may_change_is_not_changed",
        "test_a_listener_on_the_loopback_interface_cannot_be_reached",
        "test_a_socket_without_a_file_cannot_be_reached",
        "test_a_process_of_the_host_is_not_seen",
    }
    assert outcomes.passed == set(checks) - outcomes.failed
