"""Offers one name twice."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


@hookimpl
def rlef_register_policies():
    twin = component(name="twin", summary="says hello", config=Config, build=lambda config, context: None)
    return [twin, twin]
