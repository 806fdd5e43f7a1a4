# task: file
# expect: accepted (it answers only where its folder is fresh)
# tries: to find the files of its former case
import os
import sys

if os.path.exists("out.txt") or os.path.exists("left-by-hostile"):
    sys.exit("there is something left")
with open("in.txt") as file, open("out.txt", "w") as output, open("left-by-hostile", "w"):
    print(sum(map(int, file.read().split())), file=output)
os.truncate("in.txt", 0)
