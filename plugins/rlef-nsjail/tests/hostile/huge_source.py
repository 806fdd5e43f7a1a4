# task: sum
# expect: accepted
# append: [["# a line that says nothing, of which there are many more than anybody would write\n", 12000]]
# tries: to be as long as a megabyte
import sys

print(sum(map(int, sys.stdin.read().split())))
