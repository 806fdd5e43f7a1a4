# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: accepted
# tries: nothing: the modules of contest programs
import bisect
import collections
import copy
import datetime
import decimal
import fractions
import functools
import heapq
import itertools
import json
import math
import operator
import random
import re
import statistics
import string
import time
from dataclasses import dataclass


@dataclass(order=True)
class Item:
    value: int


heap = [Item(int(word)) for word in re.split(r"\s+", input().strip())]
heapq.heapify(heap)
random.seed(1)
random.shuffle(heap)
assert math.gcd(12, 18) == 6 and bisect.bisect([1, 2, 3], 2) == 2 and statistics.mean([1, 3]) == 2
assert datetime.date(2024, 2, 29).isoformat() == "2024-02-29" and time.time() > 1e9 and string.ascii_lowercase[0] == "a"
assert json.loads(json.dumps({"a": [1]})) == {"a": [1]} and next(itertools.count(3)) == 3
assert collections.Counter("aab")["a"] == 2 and copy.deepcopy([[1]]) == [[1]]
total = functools.reduce(operator.add, (decimal.Decimal(item.value) for item in heap)) + fractions.Fraction(0).numerator
print(total)
