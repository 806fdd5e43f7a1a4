# task: sum
# expect: accepted
# tries: nothing: the fastest way to read everything
import os

print(sum(map(int, os.read(0, os.fstat(0).st_size).split())))
