# task: sum
# expect: runtime_error
# tries: to pass by the right answer of a failed run
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.exit(-1)
