# task: file
# expect: wrong_answer|runtime_error (an output that is no plain file is no output; which of the two it is, is the executor's choice)
# tries: to have links followed where outputs are read
import os

with open("in.txt") as file:
    total = sum(map(int, file.read().split()))
with open("elsewhere.txt", "w") as file:
    print(total, file=file)
os.symlink("elsewhere.txt", "out.txt")
