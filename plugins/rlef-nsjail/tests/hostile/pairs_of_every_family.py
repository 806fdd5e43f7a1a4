# task: sum
# expect: accepted (it answers only where pairs are local ones)
# tries: to make a pair of sockets of a family that leads out
import socket
import sys

reached = []
for family in (0, *range(2, 64)):
    for kind in (1, 2, 3, 5):
        try:
            socket.socketpair(family, kind)
            reached.append((family, kind))
        except OSError:
            continue
print(reached or sum(map(int, sys.stdin.read().split())))
