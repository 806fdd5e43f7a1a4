# task: file
# expect: wrong_answer|runtime_error (an output that is no plain file is no output; which of the two it is, is the executor's choice)
# tries: to have a file outside its folder read back as its output
import os

os.symlink(os.__file__, "out.txt")
