"""A plugin that a test installs for itself."""

import sys

import pytest

PLUGIN = """
import attrs
from rlef_core import CallCase, component, encode_value, hookimpl, setting
{top}

@attrs.frozen
class Config:
    word: str = setting({default}help="a word")

class Odd:
    async def check(self, case, output, run):
        expected = encode_value(case.value) if isinstance(case, CallCase) else case.output.encode()
        return {accepts}

@hookimpl
def rlef_register_checkers():
    return [component(name="odd", summary={summary!r}, config=Config, build=lambda config, context: {build}, example={example})]
"""
SOUND = {"top": "", "summary": "a checker", "example": "Config", "accepts": "output == expected", "default": "'a', ", "build": "Odd()"}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a plugin `odd` from its source, for this process and those it starts."""

    def install(requires="rlef-core", **parts):
        (tmp_path / "odd_plugin.py").write_text(PLUGIN.format(**SOUND | parts))
        (tmp_path / "torch.py").write_text("")
        information = tmp_path / "odd_plugin-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odd-plugin\nVersion: 1.0\nRequires-Dist: {requires}\n")
        (information / "entry_points.txt").write_text("[rlef]\nodd = odd_plugin\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
        return "odd"

    yield install
    for name in ("odd_plugin", "torch"):
        if getattr(sys.modules.get(name), "__file__", "").startswith(str(tmp_path)):
            del sys.modules[name]
