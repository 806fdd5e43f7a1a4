"""Copy a CPython, wherever it is installed, to /py of a tree: binary, libraries, standard library without what programs never use."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path, PurePath

from attrs import frozen

from rlef_core.errors import PluginError
from rlef_nsjail.rootfs.libraries import libraries
from rlef_nsjail.rootfs.part import Part

PYTHON = "/py/bin/python3"
LIBRARIES = "/py/lib"
UNUSED = frozenset(
    {
        "__pycache__", "dist-packages", "ensurepip", "EXTERNALLY-MANAGED", "idlelib", "idle_test", "lib2to3", "lib-dynload",
        "site-packages", "sitecustomize.py", "test", "tests", "tkinter", "turtledemo", "_tkinter",
    }
)  # fmt: skip
ASK = """
import json, sys, sysconfig
config = sysconfig.get_config_var
print(json.dumps([sys._base_executable, sysconfig.get_path("stdlib"), config("DESTSHARED"), sys.platlibdir, sys.base_prefix]))
"""


@frozen
class Interpreter:
    """An installed CPython: its binary, standard library, extension modules, `sys.platlibdir`, `sys.base_prefix`."""

    binary: Path
    stdlib: Path
    extensions: Path
    platlibdir: str
    prefix: str

    @property
    def home(self) -> str:
        """Where the standard library is inside a tree."""
        return str(PurePath("/py", self.platlibdir, self.stdlib.name))


def binary_of(interpreter: Path) -> Path:
    """The binary behind an interpreter's name: that of the base for a virtual environment's, without running it where it can be seen.

    Raises PluginError where there is no interpreter.
    """
    config = interpreter.parent.parent / "pyvenv.cfg"
    if config.is_file() and not interpreter.is_symlink():
        interpreter = made_with(config, interpreter.name)
    binary = interpreter.resolve()
    try:
        with binary.open("rb") as file:
            native = file.read(4) == b"\x7fELF"
    except OSError as error:
        raise PluginError(
            f"found no interpreter at {str(interpreter)!r}, expected a CPython; install one (Debian: apt-get install python3)"
        ) from error
    return binary if native else inspect(interpreter).binary


def made_with(config: Path, name: str) -> Path:
    """The interpreter that a virtual environment was made with."""
    parser = ConfigParser(interpolation=None)
    parser.read_string("[venv]\n" + config.read_text())
    venv = parser["venv"]
    return Path(venv.get("executable") or Path(venv["home"], name))


def inspect(interpreter: Path) -> Interpreter:
    """Ask an interpreter where it has its parts. Raises PluginError where it does not answer as a CPython does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(interpreter), "-I", "-S", "-c", ASK]
    try:
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        binary, stdlib, extensions, platlibdir, prefix = json.loads(answer)
        return Interpreter(Path(binary).resolve(), Path(stdlib), Path(extensions), platlibdir, prefix)
    except (OSError, ValueError, TypeError, subprocess.CalledProcessError) as error:
        reason = f"exit status {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else repr(error)
        raise PluginError(f"found {str(interpreter)!r}, which did not tell where its library is ({reason}), expected a CPython") from error


def part_of(interpreter: Interpreter) -> Part:
    """What a tree with this interpreter consists of."""
    modules = [path for path in sorted(interpreter.extensions.iterdir()) if path.suffix == ".so" and used(path.name)]
    own = {PYTHON: interpreter.binary} | {f"{interpreter.home}/lib-dynload/{path.name}": path.resolve() for path in modules}
    own |= {f"{interpreter.home}/{path.relative_to(interpreter.stdlib)}": path.resolve() for path in walk(interpreter.stdlib)}
    sources = frozenset({interpreter.binary, interpreter.stdlib, interpreter.extensions})
    return libraries([interpreter.binary, *modules], LIBRARIES) | Part(own, sources)


def used(name: str) -> bool:
    """Whether programs may want a file or folder of the standard library."""
    return UNUSED.isdisjoint({name, name.split(".", maxsplit=1)[0]}) and not name.startswith("config-")


def walk(folder: Path) -> Iterator[Path]:
    """The files of a standard library, links followed."""
    for path in sorted(folder.iterdir()):
        if not used(path.name):
            continue
        if path.is_dir():
            yield from walk(path)
        elif path.is_file() and path.suffix != ".exe":
            yield path


def finish(interpreter: Interpreter, root: Path) -> None:
    """Make a copied interpreter whole: no path of the host in its settings, and everything compiled for good."""
    library = root / interpreter.home.lstrip("/")
    (library / "lib-dynload").mkdir(exist_ok=True)
    for settings in library.glob("_sysconfigdata*.py"):
        settings.write_text(re.sub(rf"{re.escape(interpreter.prefix)}(?![\w.-])", "/py", settings.read_text()))
    command = ["-I", "-S", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/"]
    compiler = [str(interpreter.binary), *command, str(library)]
    subprocess.run(compiler, umask=0o022, capture_output=True, check=False)  # some files are broken on purpose
