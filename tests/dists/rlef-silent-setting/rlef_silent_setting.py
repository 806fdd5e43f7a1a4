"""Has a setting without a help text."""

import attrs

from rlef_core import component, hookimpl


@attrs.frozen
class Config:
    speed: int = 3


@hookimpl
def rlef_register_policies():
    return [component(name="silent", summary="tells nothing", config=Config, build=lambda config, context: None)]
