# task: sum
# limits: memory_bytes=8000000
# expect: memory_limit|runtime_error|accepted (an interpreter hardly fits; whether it does, is the executor's measure)
# tries: nothing, with less memory than an interpreter takes
import sys

print(sum(map(int, sys.stdin.read().split())))
