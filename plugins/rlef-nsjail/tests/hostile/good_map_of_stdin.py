# task: sum
# expect: accepted
# tries: nothing: input mapped into memory
import mmap

with mmap.mmap(0, 0, access=mmap.ACCESS_READ) as text:
    print(sum(map(int, text[:].split())))
