# task: sum
# limits: cpu_seconds=1 wall_seconds=4 memory_bytes=40000000
# expect: memory_limit|runtime_error (what the kernel holds for it counts where there are control groups; else descriptors end)
# tries: to fill its memory by what waits in sockets, so that whoever is killed for it is another
import socket

kept = []
while True:
    left, right = socket.socketpair()
    left.setblocking(False)
    kept.append((left, right))
    try:
        while True:
            left.send(b"x" * 65536)
    except BlockingIOError:
        continue
