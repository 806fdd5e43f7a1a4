"""The suites, on what rlef-core itself brings."""

from pathlib import Path

import pytest

from rlef_core.builtin.checkers import Exact, Floats, Tokens
from rlef_core.builtin.feedback.failing_cases import FailingCases, FailingCasesConfig
from rlef_core.builtin.feedback.silent import Silent
from rlef_core.builtin.jsonl.taskset import JsonlTasks
from rlef_core.builtin.python import LANGUAGE
from rlef_core.builtin.rewards import RlefConfig, RlefReward
from rlef_core.builtin.tiny_programs import SPLITS, TinyPrograms
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.testing import CheckerSuite, FeedbackSuite, LanguageSuite, PluginSuite, RewardSuite, Samples, TasksetSuite

TASKS = "\n".join(
    f'{{"id": "t{number}", "statement": "Add.", "language": "python", "public_cases": [{{"input": "1", "output": "2"}}], '
    f'"private_cases": [{{"kind": "call", "function": "f", "arguments": [{number}], "value": {{"$tuple": [1]}}}}]}}'
    for number in range(12)
)


class TestExact(CheckerSuite):
    @pytest.fixture
    def checker(self):
        return Exact()


class TestTokens(CheckerSuite):
    @pytest.fixture
    def checker(self):
        return Tokens()


class TestStrictTokens(CheckerSuite):
    @pytest.fixture
    def checker(self):
        return Tokens(strict=True)


class TestFloats(CheckerSuite):
    @pytest.fixture
    def checker(self):
        return Floats(1e-6, 1e-6)


class TestFailingCases(FeedbackSuite):
    @pytest.fixture
    def formatter(self):
        return FailingCases(FailingCasesConfig())


class TestNone(FeedbackSuite):
    @pytest.fixture
    def formatter(self):
        return Silent(FailingCases(FailingCasesConfig()), "Try again.")


class TestRlefReward(RewardSuite):
    @pytest.fixture
    def reward(self):
        return RlefReward(RlefConfig())


class TestJsonl(TasksetSuite):
    splits = ("train", "anything")

    @pytest.fixture
    def taskset(self, tmp_path: Path):
        (tmp_path / "tasks.jsonl").write_text(TASKS)
        return JsonlTasks(tmp_path / "tasks.jsonl", {"python"})


class TestTinyPrograms(TasksetSuite):
    splits = tuple(SPLITS)

    @pytest.fixture
    def taskset(self):
        return TinyPrograms()


class TestPython(LanguageSuite):
    @pytest.fixture
    def language(self):
        return LANGUAGE

    @pytest.fixture
    def samples(self):
        return Samples(
            echo="import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())",
            fails="raise SystemExit(3)",
            broken="def",
            identity="def identity(value): return value",
            holds="assert identity(3) == 3",
            breaks="assert identity(3) == 4",
        )

    @pytest.fixture
    def executor(self):
        return SubprocessExecutor(1, 62000)


class TestCorePlugin(PluginSuite):
    has_examples = False

    @pytest.fixture
    def plugin(self):
        return "builtin"
