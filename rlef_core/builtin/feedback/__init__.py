"""Feedback formatters: `failing-cases`, `none` and `random`."""

from rlef_core.builtin.feedback.donors import COMPONENT as RANDOM
from rlef_core.builtin.feedback.failing_cases import COMPONENT as FAILING_CASES
from rlef_core.builtin.feedback.silent import COMPONENT as NONE

COMPONENTS = (FAILING_CASES, NONE, RANDOM)

__all__ = ["COMPONENTS", "FAILING_CASES", "NONE", "RANDOM"]
