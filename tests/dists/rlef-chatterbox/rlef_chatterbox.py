"""Prints while it is imported."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


print("hello from the chatterbox")


@hookimpl
def rlef_register_policies():
    print("policies, policies")
    return [component(name="chatterbox", summary="says hello", config=Config, build=lambda config, context: None)]
