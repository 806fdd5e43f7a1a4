# task: sum
# expect: wrong_answer
# tries: to set variables of its callers that sound like an outcome
import ctypes
import sys

GOOD = {"status": 0, "limit": None, "code": 0, "verdict": "accepted", "result": "accepted", "passed": True, "expected": b"", "failed": False}
frame = sys._getframe()
while frame is not None:
    for name, value in GOOD.items():
        frame.f_globals[name] = value
        if name in frame.f_locals:
            frame.f_locals[name] = value
            ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    frame = frame.f_back
