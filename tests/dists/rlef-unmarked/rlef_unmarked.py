"""Forgot the decorator."""

import attrs

from rlef_core import component, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


def rlef_register_policies():
    return [component(name="unmarked", summary="says hello", config=Config, build=lambda config, context: None)]
