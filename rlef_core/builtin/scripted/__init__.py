"""Policy `scripted`: gives the answers it was told to give, for tests, demonstrations and plugin authors."""

from rlef_core.builtin.scripted.policy import COMPONENT, ScriptedConfig
from rlef_core.builtin.scripted.tokenizer import ByteTokenizer

__all__ = ["COMPONENT", "ByteTokenizer", "ScriptedConfig"]
