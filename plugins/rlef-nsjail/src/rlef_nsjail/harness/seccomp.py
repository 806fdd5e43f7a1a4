"""The second filter, of one program's process: no new process, no signal to any but itself; threads work."""

import ctypes
import os
import struct

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ARCHITECTURE_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_EPERM, _ENOSYS = 1, 38
_NEW_PROCESS = {"fork": 57, "vfork": 58}
_EXEC = {"execve": 59, "execveat": 322}
_CLONE, _CLONE3, _PRCTL = 56, 435, 157
_SIGNALS = {"kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297}
_LOAD, _EQUAL, _AT_LEAST, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_LOW, _FIRST_HIGH = 0, 4, 16, 20


class Filters:
    """Both filters, assembled once: for programs that a fork of this interpreter runs, and for those that are executed."""

    def __init__(self) -> None:
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        self._prepared = {name: _assembled(name) for name in ("fork", "exec")}

    def install(self, kind: str) -> None:
        """Filter this process, and all that it becomes, for good. `kind`: `fork` or `exec`. Raises OSError."""
        code, own = self._prepared[kind]
        struct.pack_into("<I", code, own + 4, os.getpid())
        program = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(code))
        if self._prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the second filter was refused")


def _assembled(kind: str) -> "tuple[ctypes.Array[ctypes.c_char], int]":
    """The filter's instructions, and the offset of the one that compares with the own pid."""
    forbidden = [*_NEW_PROCESS.values(), *(_EXEC.values() if kind == "fork" else ())]
    lines: list[tuple[int, str, str, int]] = [
        # operation, where to go when true, when false ("": on), operand
        (_LOAD, "", "", _ARCH),
        (_EQUAL, "", "kill", _ARCHITECTURE_X86_64),
        (_LOAD, "", "", _NUMBER),
        (_AT_LEAST, "absent", "", _X32_BIT),
        *((_EQUAL, "denied", "", number) for number in forbidden),
        (_EQUAL, "absent", "", _CLONE3),
        (_EQUAL, "clone", "", _CLONE),
        (_EQUAL, "prctl", "", _PRCTL),
        *((_EQUAL, "signal", "", number) for number in _SIGNALS.values()),
        (_RETURN, "", "", _ALLOW),
    ]
    places = {}
    for name, block in _BLOCKS.items():
        places[name] = len(lines)
        lines.extend(block)
    code = ctypes.create_string_buffer(8 * len(lines))
    for index, (operation, true, false, operand) in enumerate(lines):
        jumps = [places[target] - index - 1 if target else 0 for target in (true, false)]
        struct.pack_into("<HBBI", code, 8 * index, operation, *jumps, operand)
    return code, 8 * (places["signal"] + _OWN_PID)


_OWN_PID = 3
_BLOCKS: dict[str, list[tuple[int, str, str, int]]] = {
    "clone": [(_LOAD, "", "", _FIRST_LOW), (_SET, "allowed", "denied", _CLONE_THREAD)],
    "signal": [
        (_LOAD, "", "", _FIRST_HIGH),
        (_EQUAL, "", "denied", 0),
        (_LOAD, "", "", _FIRST_LOW),
        (_EQUAL, "allowed", "denied", 0),  # the operand is the pid of the process that installs the filter
    ],
    "prctl": [(_LOAD, "", "", _FIRST_LOW), (_EQUAL, "denied", "allowed", _PR_SET_SECCOMP)],  # a filter that logs would fill the host's log
    "allowed": [(_RETURN, "", "", _ALLOW)],
    "denied": [(_RETURN, "", "", _ERRNO | _EPERM)],
    "absent": [(_RETURN, "", "", _ERRNO | _ENOSYS)],
    "kill": [(_RETURN, "", "", _KILL)],
}
