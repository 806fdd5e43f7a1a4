# task: sum
# expect: accepted (what it writes to the stream itself counts)
# tries: to confuse whoever captures its output
import io
import sys

sys.stdout = io.StringIO()
print("never seen")
sys.__stdout__.write(str(sum(map(int, sys.stdin.read().split()))))
