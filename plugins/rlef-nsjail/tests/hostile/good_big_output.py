# task: sum
# expect: accepted
# tries: nothing: an output as long as it may be
import sys

answer = str(sum(map(int, sys.stdin.read().split())))
sys.stdout.write(answer + " " * (65536 - len(answer)))
