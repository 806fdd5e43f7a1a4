# task: sum
# expect: accepted
# tries: nothing: names and texts in other scripts
import sys

größe = "Größe — 大小 — размер — 🎉"
合計 = sum(map(int, sys.stdin.read().split()))
print(größe, file=sys.stderr)
print(合計)
