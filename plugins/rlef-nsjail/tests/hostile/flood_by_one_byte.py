# task: sum
# expect: output_limit
# tries: to write one byte more than it may
import sys

answer = str(sum(map(int, sys.stdin.read().split())))
sys.stdout.write(answer + " " * (65537 - len(answer)))
