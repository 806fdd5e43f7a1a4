"""Offers one component, then raises: only who iterates notices."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


@hookimpl
def rlef_register_rewards():
    yield component(name="half-way", summary="says hello", config=Config, build=lambda config, context: None)
    raise RuntimeError("the second half is missing")
