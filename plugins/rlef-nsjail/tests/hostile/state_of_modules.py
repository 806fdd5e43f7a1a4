# task: sum
# expect: accepted (it answers only where modules are as they should be)
# tries: to change modules, so that the next case or program is wrong
import builtins
import collections
import decimal
import heapq
import json
import math
import random
import sys

fresh = math.pi > 3 and sum([1, 2]) == 3 and not hasattr(builtins, "left_by_hostile") and "left-by-hostile" not in sys.path
total = sum(map(int, sys.stdin.read().split()))
print(total if fresh else "there is something left")
sys.stdout.flush()
random.seed(0)
decimal.getcontext().prec = 1
sys.path.insert(0, "left-by-hostile")
sys.setrecursionlimit(200)
sys.setswitchinterval(100)
math.pi, math.gcd, heapq.heappush, json.dumps = 0, None, None, None
collections.Counter.update = collections.deque = None
builtins.left_by_hostile = True
builtins.sum = builtins.map = lambda *_: 0
