# task: sum
# expect: wrong_answer
# tries: to answer in the harness's place on every descriptor there is
import os

ANSWER = b'{"id": null, "status": 0, "limit": null, "verdict": "accepted", "cpu_seconds": 0, "wall_seconds": 0}\n'
for descriptor in range(1024):
    for text in (ANSWER, b"\0\0\0\0", b""):
        try:
            os.write(descriptor, text)
        except OSError:
            continue
