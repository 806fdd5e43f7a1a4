# task: add
# expect: wrong_answer
# tries: to print the value instead of returning it
import os


def add(a, b):
    print(a + b)
    os.write(1, str(a + b).encode())
