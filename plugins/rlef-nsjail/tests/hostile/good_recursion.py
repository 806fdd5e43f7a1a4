# task: sum
# expect: accepted
# tries: nothing: recursion as deep as contest programs go
import sys

sys.setrecursionlimit(10**6)


def total(numbers, at=0):
    return 0 if at == len(numbers) else numbers[at] + total(numbers, at + 1)


assert total([1] * 10_000) == 10_000
print(total(list(map(int, sys.stdin.read().split()))))
