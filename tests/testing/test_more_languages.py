"""The suite of languages on JavaScript and on C++, which is built."""

import pytest

from rlef_core.builtin import cpp, javascript
from rlef_core.builtin.unsafe_subprocess.executor import SubprocessExecutor
from rlef_core.testing import LanguageSuite, Samples


class TestJavaScript(LanguageSuite):
    @pytest.fixture
    def language(self):
        return javascript.LANGUAGE

    @pytest.fixture
    def executor(self):
        return SubprocessExecutor(1, 61000)

    @pytest.fixture
    def samples(self):
        return Samples(
            echo="const fs = require('fs'); fs.writeSync(1, fs.readFileSync(0))",
            fails="process.exit(3)",
            broken="const = 1",
            identity="const identity = (x) => x",
            holds="console.assert(identity(1) === 1)",
            breaks="console.assert(identity(1) === 2)",
        )


class TestCpp(LanguageSuite):
    calls_functions = False

    @pytest.fixture
    def language(self):
        return cpp.LANGUAGE

    @pytest.fixture
    def executor(self):
        return SubprocessExecutor(1, 61000)

    @pytest.fixture
    def samples(self):
        return Samples(
            echo="#include <cstdio>\nint main() { for (int c; (c = std::getchar()) != EOF;) std::putchar(c); }",
            fails="int main() { return 3; }",
            broken="int main( {",
            identity="int identity(int x) { return x; }",
            holds="#include <cassert>\nint main() { assert(identity(1) == 1); }",
            breaks="#include <cassert>\nint main() { assert(identity(1) == 2); }",
        )
