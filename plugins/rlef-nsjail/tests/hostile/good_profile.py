# task: sum
# expect: accepted
# tries: nothing: it counts its calls, and leaves that on
import sys
from collections import Counter

calls = Counter()


def count(frame, event, argument):
    calls[event] += 1


sys.setprofile(count)
print(sum(map(int, sys.stdin.read().split())))
