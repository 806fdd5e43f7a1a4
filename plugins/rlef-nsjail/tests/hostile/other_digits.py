# task: sum
# expect: wrong_answer
# tries: to be right in digits of another script, behind a mark of byte order
import sys

total = str(sum(map(int, sys.stdin.read().split())))
print("\ufeff" + total.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}))
