# task: sum
# expect: output_limit
# tries: to write for ever
import sys

while True:
    sys.stdout.write("a" * 65536)
