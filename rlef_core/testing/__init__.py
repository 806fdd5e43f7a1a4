"""The conformance kit: subclass the suite of your component's role, write one fixture, run pytest.

Needs the extra `rlef-core[testing]`.
"""

import pkgutil

import pytest

# The checks are plain asserts in an installed package: without this, pytest would not show what was compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from rlef_core.testing.checker import CheckedCase, CheckerSuite
from rlef_core.testing.context import BuildContext, Figures
from rlef_core.testing.executor import ISOLATION, ExecutorSuite
from rlef_core.testing.feedback import FeedbackSuite
from rlef_core.testing.language import LanguageSuite, Samples
from rlef_core.testing.optimizer import OptimizerSubject, OptimizerSuite
from rlef_core.testing.plugin import PluginSuite
from rlef_core.testing.policy import PolicySubject, PolicySuite
from rlef_core.testing.reward import RewardSuite
from rlef_core.testing.running import Outcomes, run_suites
from rlef_core.testing.suite import Suite, needs, promise
from rlef_core.testing.taskset import TasksetSuite

__all__ = [
    "ISOLATION",
    "BuildContext",
    "CheckedCase",
    "CheckerSuite",
    "ExecutorSuite",
    "FeedbackSuite",
    "Figures",
    "LanguageSuite",
    "OptimizerSubject",
    "OptimizerSuite",
    "Outcomes",
    "PluginSuite",
    "PolicySubject",
    "PolicySuite",
    "RewardSuite",
    "Samples",
    "Suite",
    "TasksetSuite",
    "needs",
    "promise",
    "run_suites",
]
