# task: add
# expect: wrong_answer
# tries: to write a value to every descriptor before it returns another
import os


def add(a, b):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, str(a + b).encode())
        except OSError:
            continue
    return a + b + 1
