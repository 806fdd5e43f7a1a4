# task: sum
# expect: wrong_answer
# tries: to be right after a module that prints when it is imported
import sys
import this

print(sum(map(int, sys.stdin.read().split())), this.s[:0])
