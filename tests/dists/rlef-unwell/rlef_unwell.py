"""Raises when it is asked about its health, and when an executor is asked what it isolates."""

import attrs

from rlef_core import component, hookimpl, setting


@attrs.frozen
class Config:
    loud: bool = setting(False, help="whether it raises its voice")


def offers(config):
    raise OSError("the sandbox is on holiday")


@hookimpl
def rlef_register_executors():
    return [component(name="holiday", summary="never here", config=Config, build=lambda config, context: None, offers=offers)]


@hookimpl
def rlef_report_health():
    yield from ()
    raise OSError("the doctor is on holiday")
