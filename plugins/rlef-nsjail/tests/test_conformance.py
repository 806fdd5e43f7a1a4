"""The conformance kit, on the executor as it is installed."""

from collections.abc import AsyncIterator

import pytest

from rlef_core.testing import ExecutorSuite, PluginSuite
from rlef_nsjail.executor import NsjailExecutor

pytestmark = pytest.mark.repository


class TestNsjail(ExecutorSuite):
    @pytest.fixture
    async def executor(self, opened) -> AsyncIterator[NsjailExecutor]:
        async with opened(workers=2) as made:
            yield made


class TestPlugin(PluginSuite):
    @pytest.fixture
    def plugin(self) -> str:
        return "nsjail"
