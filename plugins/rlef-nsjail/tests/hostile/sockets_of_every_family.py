# task: sum
# expect: accepted (it answers only where no socket can be made)
# expect(multiprocess): accepted (the same)
# tries: to make a socket of every family and type
import socket
import sys

reached = []
for family in range(64):
    for kind in (1, 2, 3, 4, 5, 6, 10, 1 | socket.SOCK_CLOEXEC, 2 | socket.SOCK_NONBLOCK):
        for protocol in (0, 1, 6, 16, 17, 768):
            try:
                socket.socket(family, kind, protocol)
                reached.append((family, kind, protocol))
            except OSError:
                continue
print(reached or sum(map(int, sys.stdin.read().split())))
