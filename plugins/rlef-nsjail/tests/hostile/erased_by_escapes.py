# task: sum
# expect: wrong_answer
# tries: to be right for who looks at a terminal
import sys

print("\x1b[2J\x1b[H" + str(sum(map(int, sys.stdin.read().split()))) + "\x1b[K")
