# task: sum
# expect: accepted
# tries: nothing: output is collected and written at the end, as older contest programs do
import io
import sys

sys.stdout = io.StringIO()
print(sum(map(int, sys.stdin.read().split())))
sys.__stdout__.write(sys.stdout.getvalue())
