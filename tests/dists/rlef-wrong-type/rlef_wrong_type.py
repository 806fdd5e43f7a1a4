"""Offers words instead of components."""

from rlef_core import hookimpl


@hookimpl
def rlef_register_policies():
    return "greeter"
