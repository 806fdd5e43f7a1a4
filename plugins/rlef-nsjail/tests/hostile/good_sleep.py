# task: sum
# expect: accepted
# tries: nothing: it waits a little
import select
import sys
import time

time.sleep(0.05)
assert select.select([0], [], [], 1)[0] == [0]
print(sum(map(int, sys.stdin.read().split())))
