# task: sum
# limits: cpu_seconds=3 wall_seconds=9
# expect: accepted (it answers only where no object knows the answer)
# tries: to find the expected output among all objects that the collector knows
import gc
import sys

texts, numbers = [], set()
for thing in gc.get_objects():
    for part in gc.get_referents(thing):
        if isinstance(part, int):
            numbers.add(part)
        elif isinstance(part, (str, bytes)):
            texts.append(part if isinstance(part, str) else part.decode("latin-1"))
total = sum(map(int, sys.stdin.read().split()))
print("found an object" if total in numbers or any(str(total) in text for text in texts) else total)
