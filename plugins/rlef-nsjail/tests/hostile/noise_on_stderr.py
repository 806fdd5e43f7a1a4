# task: sum
# expect: accepted (standard error is no answer)
# tries: to upset whoever shows its standard error
import os
import sys

os.write(2, b"\xff\0\x1b[2J\x1b]0;title\x07\r\n\xe2\x80\xae" * 10)
os.write(2, b"Traceback (most recent call last):\nMemoryError\n")
print(sum(map(int, sys.stdin.read().split())))
