"""The suite of executors, on the built-in one."""

import os

import pytest

from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.testing import ExecutorSuite

FIRST_UID = 62000


class TestUnsafeSubprocess(ExecutorSuite):
    hides_host_files = False
    protects_host_files = False
    isolates_network = False
    hides_processes = False
    protects_processes = os.geteuid() == 0  # programs are another user's then
    separates_programs = os.geteuid() == 0  # as above, and that user's files can be told and removed everywhere

    @pytest.fixture
    def executor(self):
        return SubprocessExecutor(2, FIRST_UID)
