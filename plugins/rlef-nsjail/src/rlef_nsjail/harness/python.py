"""Run a Python program in this forked interpreter as a fresh one would run it.

Its standard streams are the harness's, which were never used, over other open files.
"""

import _signal  # type: ignore[import-not-found]  # as in case.py
import _thread
import atexit
import builtins
import gc
import marshal
import os
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from types import CodeType
from typing import Any, NoReturn


def compile_program(source: str) -> NoReturn:
    """Compile the file `source` and write the code to standard output; ends with 0, or 1 if it does not compile."""
    end = os._exit
    try:
        with open(source, "rb") as file:  # noqa: PTH123  # no path object is needed
            code = compile(file.read(), source, "exec", dont_inherit=True)
        with os.fdopen(1, "wb") as target:
            marshal.dump(code, target)
    except BaseException:  # the program's own run will tell it
        end(1)
    end(0)


def run(driver: CodeType | None, source: str, program: str, compiled: bytes | None) -> NoReturn:
    """Run a driver, or the file `source` itself, as `__main__`; ends with the exit code of an interpreter.

    `compiled` is the code of the file `program`, which the driver then need not compile again.
    """
    end, switches = os._exit, (sys.settrace, sys.setprofile)  # the program may replace them
    code = 1
    try:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        sys.argv[:] = [source]
        sys.modules["threading"].main_thread()._set_native_id()  # it still has that of the harness
        main = types.ModuleType("__main__")
        vars(main).update(__file__=source, __builtins__=builtins)
        if compiled:
            vars(main)["compile"] = _remembering(program, compiled)
        sys.modules["__main__"] = main
        gc.enable()
        code = _exit_code(driver, source, vars(main))
        _switch_off(switches)
        code = _finish(code)
    finally:
        end(code)


def _program(source: str) -> CodeType:
    with open(source, "rb") as file:  # noqa: PTH123  # no path object is needed
        return compile(file.read(), source, "exec", dont_inherit=True)


def _remembering(program: str, compiled: bytes) -> Any:
    """`compile`, but for the program's own file, whose code is there already."""

    def remembering(source: Any, filename: Any, *arguments: Any, **options: Any) -> Any:
        if filename == program:
            return marshal.loads(compiled)
        return compile(source, filename, *arguments, **options)

    return remembering


def _exit_code(driver: CodeType | None, source: str, namespace: dict[str, Any]) -> int:
    """What an interpreter would exit with, having told an error as it would."""
    try:
        exec(driver or _program(source), namespace)
    except SystemExit as error:
        return _code_of(error.code)
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__name__") == __name__:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0


def _switch_off(switches: tuple[Callable[[None], object], ...]) -> None:
    """What traces the program shall not trace its end. One that raises is taken off by that, and the second try succeeds."""
    for switch in (*switches, *switches):
        with suppress(BaseException):
            switch(None)


def _code_of(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201  # as an interpreter does
    return 1


def _finish(code: int) -> int:
    """What an interpreter does at its end: threads, exit functions, what objects do when they go, buffers."""
    if _thread._count():
        sys.modules["threading"]._shutdown()  # there is no public name for waiting as the interpreter does
    atexit._run_exitfuncs()
    code = _flush(code)
    for name in ("__main__", "solution"):
        if (module := sys.modules.get(name)) is not None:
            vars(module).clear()
    gc.collect()
    return _flush(code)


def _flush(code: int) -> int:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException:
            code = code or 120
    return code
