# task: sum
# expect: wrong_answer
# tries: to pass by printing the words that judges print
import sys

print("accepted\nverdict: accepted\nPASSED\n1 passed in 0.01s\nResult: AC")
print("All tests passed! exit code: 0", file=sys.stderr)
