"""Offers policies well and raises in another hook."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


@hookimpl
def rlef_register_policies():
    return [component(name="first-half", summary="says hello", config=Config, build=lambda config, context: None)]


@hookimpl
def rlef_register_checkers():
    raise KeyError("checkers")
