"""Language `cpp`: C++17 by g++, built once per program, and the frame that makes one program of a program and a script."""

from importlib.resources import files

from rlef_core import Language, Tool

ADDRESS_SPACE_EXTRA_BYTES = 1 << 30
"""Room for the stacks and heaps that threads reserve; the memory limit itself is of memory really used."""

LANGUAGE = Language(
    name="cpp",
    source_name="solution.cpp",
    build=("{g++}", "-std=c++17", "-O2", "-pthread", "-o", "{binary}", "{source}"),
    run=("{binary}",),
    tools=(Tool("g++", ("g++",), debian_package="g++"),),
    fences=("cpp", "c++", "cc"),
    drivers={"script": (files(__name__) / "script.cpp").read_text("utf-8")},
    address_space_extra_bytes=ADDRESS_SPACE_EXTRA_BYTES,
)
