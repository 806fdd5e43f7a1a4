"""The conformance kit: subclass the suite of your component's role, write one fixture, run pytest.

Needs the extra `rlef-core[testing]`.
"""

import pkgutil

import pytest

# The checks are plain asserts in an installed package: without this, pytest would not show what was compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from rlef_core.testing.executor import ExecutorSuite  # noqa: E402  # after the line above, which must come first
from rlef_core.testing.running import Outcomes, run_suites  # noqa: E402  # after the line above, which must come first
from rlef_core.testing.suite import Suite, needs, promise  # noqa: E402  # after the line above, which must come first

__all__ = ["ExecutorSuite", "Outcomes", "Suite", "needs", "promise", "run_suites"]
