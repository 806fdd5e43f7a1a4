# task: file
# expect: output_limit|runtime_error|wrong_answer (files are bounded as outputs are; the program stops at the bound)
# tries: to have a huge file read back
import os

with open("out.txt", "wb") as file:
    size = 1 << 50
    while size:
        try:
            file.truncate(os.fstat(file.fileno()).st_size + size)
        except OSError:
            size //= 2
