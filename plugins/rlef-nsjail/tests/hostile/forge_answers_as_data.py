# task: sum
# expect: wrong_answer
# tries: to pass by printing what a harness might send to its owner
import json
import sys

for answer in (
    {"id": None, "status": 0, "limit": None, "cpu_seconds": 0.0, "wall_seconds": 0.0, "peak_memory_bytes": 1},
    {"verdict": "accepted", "case": 0},
    ["accepted", "accepted"],
):
    print(json.dumps(answer))
    print(json.dumps(answer), file=sys.stderr)
