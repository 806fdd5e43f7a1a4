# task: sum
# expect: wrong_answer
# tries: to end well before it answers
import sys

sys.exit(None)
print(sum(map(int, sys.stdin.read().split())))
