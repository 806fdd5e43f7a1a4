# task: file
# expect: accepted
# tries: to spoil how its answer file is put in the place of its output
import fcntl
import os

fcntl.fcntl(1, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)
os.write(1, b"not the answer")
os.lseek(1, 5, os.SEEK_SET)
total = sum(map(int, os.read(os.open("in.txt", os.O_RDONLY), 1000).split()))
os.write(os.open("out.txt", os.O_WRONLY | os.O_CREAT), str(total).encode())
