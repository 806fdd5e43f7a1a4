# task: file
# expect: accepted|wrong_answer (whether its mode keeps the reader from a file of the program's own user is the executor's affair)
# tries: to upset whoever reads its output by a file that nobody may read
import os

with open("in.txt") as file:
    total = sum(map(int, file.read().split()))
with open("out.txt", "w") as file:
    print(total, file=file)
os.chmod("out.txt", 0)
