# task: sum
# expect: wrong_answer
# tries: to be right behind a NUL
import sys

sys.stdout.write("\0" + str(sum(map(int, sys.stdin.read().split()))) + "\0")
