# task: sum
# expect: accepted
# tries: nothing: deep recursion in a thread with a big stack
import sys
import threading


def main():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    assert depth(50_000) == 50_000
    print(sum(map(int, sys.stdin.read().split())))


sys.setrecursionlimit(1 << 20)
threading.stack_size(256 << 20)
thread = threading.Thread(target=main)
thread.start()
thread.join()
