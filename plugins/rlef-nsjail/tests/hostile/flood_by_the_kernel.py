# task: sum
# expect: output_limit
# tries: to have the kernel copy a file to its output again and again
import os

with open(os.__file__, "rb") as file:
    size = os.fstat(file.fileno()).st_size
    while True:
        os.sendfile(1, file.fileno(), 0, size)
