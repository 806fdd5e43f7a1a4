# task: sum
# expect: accepted (it answers only where no descriptor is a socket)
# tries: to send messages and descriptors over whatever descriptor is a socket
import os
import socket
import stat
import sys

reached = []
for descriptor in range(256):
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            reached.append(descriptor)
            socket.send_fds(socket.socket(fileno=descriptor), [b'{"id": null, "status": 0, "limit": null}'], [0, 1, 2])
    except OSError:
        continue
print(f"sockets {reached}" if reached else sum(map(int, sys.stdin.read().split())))
