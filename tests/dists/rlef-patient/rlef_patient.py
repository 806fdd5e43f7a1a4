"""Requires what is not installed; each of its findings goes wrong in another way when it is probed."""

import os

from rlef_core import Health, hookimpl


def faint():
    print("ouch")
    os.write(1, b"a cry from deeper down\n")
    return Health("heart", False, "it stopped", "call a doctor")


def flee():
    raise OSError("the patient ran away")


@hookimpl
def rlef_report_health():
    yield Health("heart", True, "it beats", probe=faint)
    yield Health("legs", True, "two", probe=flee)
    yield Health("tongue", True, "pink", probe=lambda: "aah")
    yield Health("glasses", False, "none", "read less", needed=False)
