"""Forgot the return."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


@hookimpl
def rlef_register_policies():
    [component(name="lost", summary="says hello", config=Config, build=lambda config, context: None)]
