"""Find the few commands of the system that building a tree takes."""

import os
import shutil

from rlef_core.errors import PluginError

ALSO = "/usr/local/sbin:/usr/sbin:/sbin"  # not on an ordinary user's PATH


def command(name: str, package: str) -> str:
    """The path of a command. Raises PluginError where it is missing, with the Debian `package` that brings it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{ALSO}")
    if found is None:
        raise PluginError(f"found no command {name!r} on PATH, expected it for building root file systems; apt-get install {package}")
    return found
