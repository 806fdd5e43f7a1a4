# task: sum
# expect: accepted
# tries: nothing: bytes in, bytes out
import sys

read = sys.stdin.buffer.readline
sys.stdout.buffer.write(b"%d\n" % sum(int(word) for line in iter(read, b"") for word in line.split()))
