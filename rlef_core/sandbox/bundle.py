"""Carry packages of ours to an interpreter that has nothing installed, as one script."""

from importlib.resources import files

_SCRIPT = """
import sys
from _frozen_importlib import ModuleSpec

class Bundled:
    sources = {sources!r}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.sources:
            return ModuleSpec(name, cls, is_package=cls.sources[name] is None)

    @staticmethod
    def create_module(spec):
        return None

    @classmethod
    def exec_module(cls, module):
        exec(compile(cls.sources[module.__name__] or "", "<" + module.__name__ + ">", "exec"), vars(module))

sys.meta_path.insert(0, Bundled)
from {module} import {function}
sys.meta_path.remove(Bundled)
{function}()
"""


def bundle(packages: tuple[str, ...], module: str, function: str = "main") -> bytes:
    """A script that calls `module.function`, for an interpreter to read from standard input.

    Every module in `packages` can be imported under its own name until `function` is called; packages above and between are empty.
    """
    sources: dict[str, str | None] = {}
    for package in packages:
        words = package.split(".")
        sources.update({".".join(words[: length + 1]): None for length in range(len(words))})
        for file in sorted(files(package).iterdir(), key=lambda file: file.name):
            name = file.name.removesuffix(".py")
            if name not in {file.name, "__init__"}:
                sources[f"{package}.{name}"] = file.read_text("utf-8")
    return _SCRIPT.format(sources=sources, module=module, function=function).encode()
