# task: sum
# expect: runtime_error
# tries: to end by an exception that harnesses catch for themselves
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
raise KeyboardInterrupt
