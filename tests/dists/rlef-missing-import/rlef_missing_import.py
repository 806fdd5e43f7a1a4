"""Imports a package that is not there."""

import a_package_that_nobody_has

from rlef_core import hookimpl


@hookimpl
def rlef_register_policies():
    return [a_package_that_nobody_has.Policy]
