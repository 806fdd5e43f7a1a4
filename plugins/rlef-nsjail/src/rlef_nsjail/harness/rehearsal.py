"""Let the interpreter meet what programs do before the first of them, so that no fork has to find its way into it anew."""

import contextlib
import io
import sys

TIMES = 12
"""After a few runs CPython has specialized the code it meets; what it learnt is shared by every fork."""

PROGRAM = """
import bisect, collections, functools, heapq, itertools, math, re, string, sys

class Point:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return f"Point({self.x:>3})"

@functools.lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

count = int(input())
numbers = list(map(int, input().split()))
word = sys.stdin.readline().strip()
groups = collections.defaultdict(list)
for index, number in enumerate(numbers):
    groups[number % count].append(index)
queue, heap = collections.deque(numbers), []
while queue:
    heapq.heappush(heap, (queue.popleft(), word))
while heap:
    heapq.heappop(heap)
ordered = sorted(numbers, key=lambda number: -number)
print(fibonacci(15), max(numbers), sum(numbers), collections.Counter(word).most_common(1), bisect.bisect_left(ordered, count))
print(*[number for number in itertools.accumulate(numbers)], sep=" ")
print("\\n".join(map(str, ordered)), math.gcd(*numbers), divmod(7, count), set(numbers), {number: word for number in numbers}, Point(count))
try:
    int(word)
except ValueError as error:
    print(error, [*zip(numbers, word)][::-1], any(numbers), end="")
"""


def rehearse() -> None:
    """Run a program of ours with the usual idioms, a few times; it reads and writes nothing but memory."""
    code = compile(PROGRAM, "<rehearsal>", "exec")
    stdin = sys.stdin
    for _ in range(TIMES):
        sys.stdin = io.StringIO("3\n3 1 2\nabc\n")
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, {"__name__": "rehearsal"})
    sys.stdin = stdin
