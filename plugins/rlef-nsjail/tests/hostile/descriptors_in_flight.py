# task: sum
# expect: accepted (the kernel collects what is left in flight)
# tries: to leave descriptors in flight, in sockets that hold themselves
import socket
import sys

try:
    for _ in range(500):
        left, right = socket.socketpair()
        for _ in range(3):
            socket.send_fds(left, [b"x"], [left.fileno(), right.fileno(), 0, 1])
        left.close()
        right.close()
except OSError:
    pass
print(sum(map(int, sys.stdin.read().split())))
