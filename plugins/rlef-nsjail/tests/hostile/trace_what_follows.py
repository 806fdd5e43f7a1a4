# task: sum
# expect: wrong_answer
# tries: to forge outcomes in whatever code runs after it, seen by tracing
import sys
import threading

GOOD = {"status": 0, "code": 0, "limit": None, "verdict": "accepted", "passed": True}


def forge(frame, event, argument):
    for name, value in GOOD.items():
        if name in frame.f_globals:
            frame.f_globals[name] = value
    return forge


for install in (sys.settrace, sys.setprofile, threading.settrace, threading.setprofile):
    install(forge)
frame = sys._getframe()
while frame is not None:
    frame.f_trace = forge
    frame = frame.f_back
