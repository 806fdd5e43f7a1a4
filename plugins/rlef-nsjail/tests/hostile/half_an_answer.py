# task: sum
# expect: wrong_answer
# tries: to pass by the beginning of the right answer
import os
import sys

print(str(sum(map(int, sys.stdin.read().split())))[:-1])
sys.stdout.flush()
os._exit(0)
