"""Taskset `tiny-programs`, to see RLEF learn on a laptop."""

from rlef_core.builtin.tiny_programs.taskset import COMPONENT, SPLITS, TinyPrograms

__all__ = ["COMPONENT", "SPLITS", "TinyPrograms"]
