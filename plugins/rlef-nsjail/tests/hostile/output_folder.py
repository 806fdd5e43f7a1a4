# task: file
# expect: wrong_answer|runtime_error (an output that is no plain file is no output; which of the two it is, is the executor's choice)
# tries: to upset whoever reads its output by a folder in its place
import os

os.mkdir("out.txt")
os.mkdir("out.txt/out.txt")
os.chmod("out.txt", 0)
