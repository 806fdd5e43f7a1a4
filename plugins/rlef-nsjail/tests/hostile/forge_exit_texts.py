# task: sum
# expect: runtime_error
# tries: to pass by an exit code that is a text
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.exit("accepted")
