# task: script
# expect: wrong_answer
# tries: to end with code 0 inside the function that is asserted about
import sys


def add(a, b):
    sys.exit(0)
