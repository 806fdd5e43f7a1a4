# task: file
# expect: accepted
# tries: to spoil how its answer file is put in the place of its output
import fcntl
import os

fcntl.fcntl(1, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
os.write(1, b"not the answer")
os.lseek(1, 5, os.SEEK_SET)
with open("in.txt") as given, open("out.txt", "w") as answer:
    answer.write(str(sum(map(int, given.read().split()))))
