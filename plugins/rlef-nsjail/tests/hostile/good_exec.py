# task: sum
# expect: accepted
# tries: nothing: code that is made at run time
import sys

scope = {"numbers": list(map(int, sys.stdin.read().split()))}
exec(compile("total = sum(number for number in numbers)", "<made>", "exec"), scope)
print(eval("total + 0", scope))
