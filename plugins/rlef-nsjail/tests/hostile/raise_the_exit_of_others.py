# task: sum
# expect: runtime_error
# tries: to end by exceptions that harnesses might not expect
import sys

print(sum(map(int, sys.stdin.read().split())))
sys.stdout.flush()
raise BaseExceptionGroup("several", [SystemExit(0), GeneratorExit()])
