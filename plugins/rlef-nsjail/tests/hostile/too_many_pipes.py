# task: sum
# expect: runtime_error
# tries: to fill the kernel's memory with pipes
import os

while True:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.write(writing, b"x" * 65536)
