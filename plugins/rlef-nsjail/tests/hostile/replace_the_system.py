# task: sum
# expect: wrong_answer
# tries: to be the system for whoever runs after it in this process
import os
import sys


def forged(*arguments, **_):
    return b'{"verdict": "accepted", "status": 0, "limit": null}'


for name in ("read", "write", "pread", "close", "dup2", "open", "sendfile", "fstat", "lseek"):
    setattr(os, name, forged)
for name in ("posix", "_socket", "socket", "select", "signal", "_signal", "json", "struct", "time", "resource"):
    sys.modules[name] = sys.modules[__name__]
